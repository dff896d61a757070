// What RocksDB's C API cannot do: to hear of failures of its own work, and to survive some.

#ifndef MARTLET_ROCKSDB_EVENTS_H
#define MARTLET_ROCKSDB_EVENTS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct martlet_events_t martlet_events_t;

martlet_events_t *martlet_events_create(void);

// Only after the databases that were opened with it are closed.
void martlet_events_destroy(martlet_events_t *events);

// Lets a database that is opened with `options` (a rocksdb_options_t) go on after a compaction that
// met damaged data: by default it would take no writes any more until it is opened anew. The
// compaction is not done, its input stays, and it is tried again.
void martlet_events_survive_damage(martlet_events_t *events, void *options);

// How many compactions have failed so.
uint64_t martlet_events_damaged_compactions(martlet_events_t *events);

#ifdef __cplusplus
}
#endif

#endif
