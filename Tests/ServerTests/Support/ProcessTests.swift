import Testing

/// Tests that run whole server processes: one after the other, since they are about time-outs and
/// memory, too, and the machine may have two cores.
@Suite(.serialized) enum ProcessTests {}
