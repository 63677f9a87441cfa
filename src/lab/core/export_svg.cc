// Time runs to the right, a process is a line. Everything is in the file: no script, no font, no
// style from elsewhere.
#include "lab/core/export.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string_view>

namespace ostraka::lab {
namespace {

constexpr double kLeft = 110;
constexpr double kRight = 190;  // room for the last texts
constexpr double kTop = 70;
constexpr double kLane = 90;  // between process lines
constexpr double kPixelsMin = 800;
constexpr double kPixelsMax = 16'000;
constexpr double kPixelsPerEvent = 14;

constexpr std::string_view kStyle =
    "text{font:13px sans-serif;fill:#1b1f24}.small{font-size:11px;fill:#444c56}"
    ".life{stroke:#57606a;stroke-width:2}.down{stroke:#d0d7de;stroke-width:2;"
    "stroke-dasharray:2 6}.paused{stroke:#bf8700;stroke-width:2;stroke-dasharray:8 5}"
    ".message{stroke:#0969da;stroke-width:1.4;marker-end:url(#head)}"
    ".lost{stroke:#cf222e;stroke-width:1.4;stroke-dasharray:5 4}"
    ".open{stroke:#8c959f;stroke-width:1.4;stroke-dasharray:2 3}"
    ".cross{stroke:#cf222e;stroke-width:2.4}.label{font-size:11px;fill:#0550ae}"
    ".event{fill:#57606a}.note{fill:#fff;stroke:#8250df;stroke-width:2}"
    ".output{fill:#1a7f37;stroke:#fff}.proof{fill:none;stroke:#cf222e;stroke-width:3}"
    ".cut{fill:#cf222e;opacity:.08}";

std::string escape(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '&':
        out += "&amp;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
  }
  return out;
}

class Drawing {
 public:
  explicit Drawing(const Record& record) : record_(record) {
    const double events = static_cast<double>(record.events.size());
    width_ = std::clamp(events * kPixelsPerEvent, kPixelsMin, kPixelsMax);
    const double end = std::max(1.0, us(record.end));
    scale_ = width_ / end;
  }

  [[nodiscard]] std::string draw() {
    open();
    draw_cuts();
    draw_lives();
    for (const RecordMessage& message : record_.messages) {
      draw(message);
    }
    for (const RecordEvent& event : record_.events) {
      draw(event);
    }
    draw_verdicts();
    return out_ + "</svg>\n";
  }

 private:
  static double us(base::Instant at) {
    return static_cast<double>((at - base::Instant()).as_microseconds());
  }
  [[nodiscard]] double x(base::Instant at) const {
    return kLeft + std::min(us(at), us(record_.end)) * scale_;
  }
  [[nodiscard]] static double y(ProcessId process) {
    return kTop + kLane * static_cast<double>(process.value() - 1);
  }
  [[nodiscard]] double bottom() const {
    return kTop + kLane * static_cast<double>(record_.processes.size() - 1);
  }

  void open() {
    const double height = bottom() + 70 + 20 * static_cast<double>(record_.properties.size());
    out_ += fmt::format(
        R"(<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {0:.0f} {1:.0f}" width="{0:.0f}" )"
        R"(height="{1:.0f}"><style>{2}</style><defs><marker id="head" viewBox="0 0 8 8" refX="8" )"
        R"(refY="4" markerWidth="8" markerHeight="8" orient="auto"><path d="M0 0 8 4 0 8z" )"
        R"(fill="#0969da"/></marker></defs><rect width="100%" height="100%" fill="#fff"/>)",
        kLeft + width_ + kRight, height, kStyle);
    out_ += fmt::format("\n<title>{}</title>\n", escape(command_of(record_)));
    text(16, 24, "",
         fmt::format("{}, {}: {}", record_.title, record_.scenario, record_.scenario_title));
  }

  void text(double at_x, double at_y, std::string_view style, std::string_view what) {
    out_ += fmt::format(R"(<text x="{:.1f}" y="{:.1f}" class="{}">{}</text>)", at_x, at_y, style,
                        escape(what));
    out_ += "\n";
  }

  struct Point {
    double x;
    double y;
  };

  void line(std::string_view style, Point from, Point to, std::string_view title = {}) {
    out_ += fmt::format(R"(<line class="{}" x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}">)",
                        style, from.x, from.y, to.x, to.y);
    out_ += title.empty() ? "" : "<title>" + escape(title) + "</title>";
    out_ += "</line>\n";
  }

  // A life line in the pieces of up, paused and down.
  void draw_lives() {
    for (std::size_t i = 0; i < record_.processes.size(); ++i) {
      const ProcessId process{static_cast<std::uint32_t>(i + 1)};
      text(16, y(process) - 1, "", record_.processes[i].name);
      text(16, y(process) + 14, "small", record_.processes[i].role);
      std::string_view style = "life";
      double from = kLeft;
      for (const RecordEvent& event : record_.events) {
        if (event.process != process ||
            (event.kind != EventKind::crash && event.kind != EventKind::restart &&
             event.kind != EventKind::pause && event.kind != EventKind::resume)) {
          continue;
        }
        line(style, {from, y(process)}, {x(event.at), y(process)});
        from = x(event.at);
        style = event.kind == EventKind::crash   ? "down"
                : event.kind == EventKind::pause ? "paused"
                                                 : "life";
      }
      line(style, {from, y(process)}, {kLeft + width_, y(process)});
    }
    out_ += fmt::format(R"(<text class="small" x="{:.1f}" y="{:.1f}">0 ms</text>)", kLeft,
                        bottom() + 34);
    out_ += fmt::format(
        R"(<text class="small" text-anchor="end" x="{:.1f}" y="{:.1f}">{} ms</text>)",
        kLeft + width_, bottom() + 34, (record_.end - base::Instant()).as_milliseconds());
    out_ += "\n";
  }

  void draw_cuts() {
    std::map<std::string, base::Instant> begun;
    const auto shade = [this](base::Instant from, base::Instant until, std::string_view what) {
      out_ +=
          fmt::format(R"(<rect class="cut" x="{:.1f}" y="{:.1f}" width="{:.1f}" )"
                      R"(height="{:.1f}"><title>{}</title></rect>)",
                      x(from), kTop - 24, x(until) - x(from), bottom() - kTop + 48, escape(what));
      out_ += "\n";
    };
    for (const RecordEvent& event : record_.events) {
      if (event.kind == EventKind::partition) {
        begun[event.text.substr(event.text.find(' ') + 1)] = event.at;
      } else if (event.kind == EventKind::heal) {
        auto cut = begun.extract(event.text.substr(event.text.find(' ') + 1));
        if (!cut.empty()) {
          shade(cut.mapped(), event.at, "partition " + cut.key());
        }
      }
    }
    for (const auto& [groups, from] : begun) {
      shade(from, record_.end, "partition " + groups);
    }
  }

  void draw(const RecordMessage& message) {
    const std::string what =
        fmt::format("{} {}({})", message.id, message.kind, message.fields.render());
    double x2 = x(message.ends);
    double y2 = y(message.to);
    const double x1 = x(message.sent);
    const double y1 = y(message.from);
    if (message.fate == Fate::lost && message.why != record_.name_of(message.to) + " is down") {
      y2 = y1 + (y2 - y1) * 0.5;
    } else if (message.fate == Fate::open && message.ends > record_.end) {
      const double whole = us(message.ends) - us(message.sent);
      y2 = y1 + (y2 - y1) * (us(record_.end) - us(message.sent)) / std::max(1.0, whole);
    }
    const std::string_view style = message.fate == Fate::delivered ? "message"
                                   : message.fate == Fate::lost    ? "lost"
                                                                   : "open";
    line(style, {x1, y1}, {x2, y2}, message.why.empty() ? what : what + ", lost: " + message.why);
    if (message.fate == Fate::lost) {
      line("cross", {x2 - 5, y2 - 5}, {x2 + 5, y2 + 5});
      line("cross", {x2 - 5, y2 + 5}, {x2 + 5, y2 - 5});
    }
    // A third of the way, so that labels of one broadcast stand apart.
    text(x1 + (x2 - x1) / 3 + 4, y1 + (y2 - y1) / 3 + (y2 > y1 ? -3 : 9), "label", message.kind);
  }

  void draw(const RecordEvent& event) {
    if (event.process.is_none()) {
      return;
    }
    const double at_x = x(event.at);
    const double at_y = y(event.process);
    std::string_view style = "event";
    double radius = 3;
    if (event.kind == EventKind::output) {
      style = "output";
      radius = 8;
      text(at_x + 6, at_y - 12, "small", event.text);
    } else if (event.kind == EventKind::note) {
      style = "note";
      radius = 5;
    } else if (event.kind == EventKind::crash) {
      line("cross", {at_x - 8, at_y - 8}, {at_x + 8, at_y + 8});
      line("cross", {at_x - 8, at_y + 8}, {at_x + 8, at_y - 8});
    }
    out_ += fmt::format(R"(<circle class="{}" cx="{:.1f}" cy="{:.1f}" r="{}">)", style, at_x, at_y,
                        radius);
    out_ += fmt::format("<title>{} {}</title></circle>\n", record_.name_of(event.process),
                        escape(event.text));
    for (const Judgement& each : record_.properties) {
      if (each.verdict == Verdict::violated &&
          std::ranges::find(each.events, event.id) != each.events.end()) {
        out_ +=
            fmt::format(R"(<circle class="proof" cx="{:.1f}" cy="{:.1f}" r="13"/>)", at_x, at_y);
        out_ += "\n";
        break;
      }
    }
  }

  void draw_verdicts() {
    double at_y = bottom() + 60;
    for (const Judgement& each : record_.properties) {
      text(kLeft, at_y, "",
           fmt::format("{}: {}{}{}", each.name, name_of(each.verdict),
                       each.sentence.empty() ? "" : ". ", each.sentence));
      at_y += 20;
    }
  }

  const Record& record_;
  double width_ = 0;
  double scale_ = 1;  // pixels a microsecond
  std::string out_;
};

}  // namespace

std::string to_svg(const Record& record) { return Drawing(record).draw(); }

}  // namespace ostraka::lab
