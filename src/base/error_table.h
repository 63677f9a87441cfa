// The one table of errors. Each row: name, stable number (never re-used), certainty, retry, text.
//
// Certainty answers "did it happen?":  definite = certainly not done;  indefinite = may or may not
// have been done.
// Retry answers "may the caller send it again?":  retry = the same request may succeed later;
// final = it will not.
#pragma once

// X(name, number, certainty, retry, text)
#define OSTRAKA_ERROR_TABLE(X)                                                                   \
  X(invalid_argument, 1, definite, final, "invalid argument")                                    \
  X(not_found, 2, definite, final, "not found")                                                  \
  X(already_exists, 3, definite, final, "already exists")                                        \
  X(too_large, 4, definite, final, "a documented size limit was exceeded")                       \
  X(unsupported, 5, definite, final, "not supported by this version")                            \
  X(permission_denied, 6, definite, final, "permission denied")                                  \
  X(busy, 10, definite, retry, "a bounded queue is full, try again later")                       \
  X(not_leader, 11, definite, retry, "this node does not lead the shard")                        \
  X(no_leader, 12, definite, retry, "the shard has no leader at the moment")                     \
  X(no_quorum, 13, definite, retry, "a quorum of replicas cannot be reached")                    \
  X(unknown_outcome, 14, indefinite, final, "the outcome is unknown: it may or may not be done") \
  X(deadline_exceeded, 15, indefinite, retry, "the deadline passed before an answer came")       \
  X(session_expired, 16, definite, final, "the session has expired")                             \
  X(sequence_gap, 17, definite, retry, "an earlier request of this session is missing")          \
  X(stale_epoch, 18, definite, retry, "the shard's epoch has changed")                           \
  X(too_stale, 19, definite, retry, "the replica is staler than the request allows")             \
  X(shutting_down, 20, definite, retry, "the node is shutting down")                             \
  X(io_error, 30, indefinite, final, "an input or output operation failed")                      \
  X(disk_full, 31, definite, retry, "the disk is full")                                          \
  X(corruption, 32, definite, final, "stored data is damaged")                                   \
  X(format_unknown, 33, definite, final, "a format that this version does not know")             \
  X(identity_mismatch, 34, definite, final, "the data belongs to another cluster or node")       \
  X(log_lost, 35, definite, final, "the log lost entries that it had acknowledged")              \
  X(address_in_use, 40, definite, final, "the address is in use")                                \
  X(connection_closed, 41, indefinite, retry, "the connection was closed")                       \
  X(connection_refused, 42, definite, retry, "the connection was refused")                       \
  X(malformed, 43, definite, final, "the input does not follow the protocol")                    \
  X(unauthenticated, 44, definite, final, "authentication is required")                          \
  X(cancelled, 45, indefinite, final, "the operation was cancelled")                             \
  X(membership_pending, 50, definite, retry, "another membership change is in progress")         \
  X(snapshot_required, 51, definite, retry, "the log no longer reaches back far enough")         \
  X(transfer_failed, 52, definite, retry, "the leadership transfer did not finish in time")
