#include "events.h"

#include <atomic>
#include <memory>

#include <rocksdb/listener.h>
#include <rocksdb/options.h>
#include <rocksdb/status.h>

namespace {

class DamageListener : public rocksdb::EventListener {
 public:
  // "A callback can suppress errors by resetting it to Status::OK(), thus preventing the database
  // from entering read-only mode" (rocksdb/listener.h).
  void OnBackgroundError(rocksdb::BackgroundErrorReason reason, rocksdb::Status *status) override {
    if (reason != rocksdb::BackgroundErrorReason::kCompaction || !status->IsCorruption()) return;
    damaged_compactions.fetch_add(1, std::memory_order_relaxed);
    *status = rocksdb::Status::OK();
  }

  std::atomic<uint64_t> damaged_compactions{0};
};

}  // namespace

struct martlet_events_t {
  std::shared_ptr<DamageListener> listener = std::make_shared<DamageListener>();
};

martlet_events_t *martlet_events_create(void) { return new martlet_events_t; }

void martlet_events_destroy(martlet_events_t *events) { delete events; }

void martlet_events_survive_damage(martlet_events_t *events, void *options) {
  // `rocksdb_options_t` is a struct of one member, the options (db/c.cc).
  static_cast<rocksdb::Options *>(options)->listeners.push_back(events->listener);
}

uint64_t martlet_events_damaged_compactions(martlet_events_t *events) {
  return events->listener->damaged_compactions.load(std::memory_order_relaxed);
}
