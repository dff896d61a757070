internal import Essentials
internal import Platform

final class EtcdClient: Client {
    var isWaiting = false
    unowned let driver: Driver
    init(_ driver: Driver, index: Int) { self.driver = driver }
    func connect() {}
    func pump(nowNs: UInt64) {}
    func expire(unansweredSince deadlineNs: UInt64) {}
}
