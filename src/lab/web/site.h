// What `ostraka lab serve` answers: the viewer and its data.
//
//   GET /                       the viewer (web/lab/index.html)
//   GET /static/FILE            its other files
//   GET /api/protocols          {"protocols": [...]}
//   GET /api/protocol?name=N    everything declared of one, with its page
//   GET /api/run?QUERY          a run (api.h); form=html|json|ndjson|svg|txt, json if absent
//
// What is wrong with a query is answered with 400 and {"error": "invalid_argument", "text": …}.
// Nothing is kept between requests. Threads: those of the server. `catalogue` outlives it.
#pragma once

#include "gateway/http/server.h"
#include "lab/core/catalogue.h"

namespace ostraka::lab {

void add_site(gateway::http::Server& server, const Catalogue& catalogue);

}  // namespace ostraka::lab
