# The one list of modules, their layers and the dependencies each may declare.
#
#   ostraka_edges(<module> <layer> <allowed module>...)
#
# Layers compare as text: 0 < 1a < 1b < 2 < 3a ... < 5c. An edge may point downwards or stay
# within a layer, never up; layers 3 and 4 reach layer 2 only through `port`. The list is exact:
# what is not named is refused by ostraka_module() and by tools/include_graph.py, which read this
# file. A new edge is a decision: change it here, in a change of its own.

function(ostraka_edges module layer)
  get_property(known GLOBAL PROPERTY OSTRAKA_MODULES)
  if("${module}" IN_LIST known)
    message(FATAL_ERROR "cmake/edges.cmake: module '${module}' is listed twice")
  endif()
  foreach(dep IN LISTS ARGN)
    # Lowest layers come first in this file, so a dependency is known already.
    if(NOT "${dep}" IN_LIST known)
      message(FATAL_ERROR "cmake/edges.cmake: '${module}' allows '${dep}', which is not listed "
                          "above it")
    endif()
    get_property(dep_layer GLOBAL PROPERTY OSTRAKA_LAYER_${dep})
    if("${dep_layer}" STRGREATER "${layer}")
      message(FATAL_ERROR "cmake/edges.cmake: upward edge '${module}' (layer ${layer}) -> "
                          "'${dep}' (layer ${dep_layer})")
    endif()
    if("${layer}" MATCHES "^[34]" AND "${dep_layer}" MATCHES "^2")
      message(FATAL_ERROR "cmake/edges.cmake: '${module}' (layer ${layer}) reaches '${dep}' "
                          "(layer 2) other than through port")
    endif()
  endforeach()
  set_property(GLOBAL APPEND PROPERTY OSTRAKA_MODULES ${module})
  set_property(GLOBAL PROPERTY OSTRAKA_LAYER_${module} ${layer})
  set_property(GLOBAL PROPERTY OSTRAKA_ALLOWED_${module} ${ARGN})
endfunction()

# Layer 0: vocabulary
ostraka_edges(base 0)
ostraka_edges(model 0 base)

# Layer 1: pure values; no system call, no clock, no thread
ostraka_edges(protocol/core 1a base model)
ostraka_edges(protocol/quorum 1a base model)
ostraka_edges(protocol/clock 1a base)
ostraka_edges(protocol/ring 1a base model)
ostraka_edges(port 1a base model protocol/core)
# The harness of the engines' tests; a TEST_DEPS, linked by no program
ostraka_edges(protocol/testing 1b base model protocol/core)
ostraka_edges(protocol/raft 1b base model protocol/core protocol/quorum)
ostraka_edges(protocol/multi_paxos 1b base model protocol/core protocol/quorum)
ostraka_edges(protocol/zab 1b base model protocol/core protocol/quorum)
ostraka_edges(protocol/engines 1b base model protocol/core protocol/raft protocol/multi_paxos
              protocol/zab)
ostraka_edges(codec 1b base model protocol/core)
ostraka_edges(check 1b base)

# Layer 2: system calls and foreign libraries, and their simulated counterparts
ostraka_edges(net 2 base model port protocol/core)
ostraka_edges(file 2 base model port protocol/core)
ostraka_edges(engine_write 2 base model port protocol/core)
ostraka_edges(engine_memory 2 base model port protocol/core engine_write)
ostraka_edges(engine_rocksdb 2 base model port protocol/core engine_write)
ostraka_edges(sim_ports 2 base model port protocol/core)

# Layer 3: storage and replication over the ports
ostraka_edges(wal 3a base model port codec protocol/core)
ostraka_edges(peer 3a base model port codec protocol/core)
ostraka_edges(versioned 3a base model port protocol/core codec)
ostraka_edges(kv 3a base model port protocol/core codec versioned)
ostraka_edges(replica 3b base model port codec protocol/core kv)
ostraka_edges(store 3c base model port codec protocol/core protocol/quorum
              protocol/engines replica wal peer versioned kv)

# Layer 4: routing, client library, gateways
ostraka_edges(router 4a base model port codec protocol/core replica store peer kv)
ostraka_edges(client 4a base model port codec)
ostraka_edges(gateway/resp 4b base model port codec router kv)
ostraka_edges(gateway/http 4b base model port codec router)

# Layer 5: composition
ostraka_edges(node 5a base model protocol/core protocol/quorum port protocol/engines codec check
              wal peer versioned kv replica store router client gateway/resp gateway/http)
ostraka_edges(lab/core 5b base)
ostraka_edges(lab/testing 5b base)
ostraka_edges(sim 5b base model protocol/core protocol/quorum port protocol/raft
              protocol/multi_paxos protocol/zab codec check engine_memory sim_ports wal peer
              versioned kv replica store router client gateway/resp gateway/http node lab/core)
ostraka_edges(server 5b base model port protocol/engines codec net file engine_memory
              engine_rocksdb node)
ostraka_edges(bench 5b base model port codec net)
ostraka_edges(lab/protocols 5b base model protocol/core protocol/clock protocol/ring
              protocol/raft protocol/multi_paxos protocol/zab lab/core)
ostraka_edges(lab/web 5b base gateway/http lab/core)
ostraka_edges(cli 5c base model protocol/core protocol/quorum port protocol/engines protocol/raft
              protocol/multi_paxos codec check net file engine_memory engine_rocksdb sim_ports wal
              peer versioned kv replica store router client gateway/resp gateway/http node sim
              server bench lab/core lab/protocols lab/web)
