import Essentials
import Membership
import Testing

/// Where a node looks for the others.
@Suite struct AddressBookTests {
    /// Node 1 of a cluster of four.
    private func book(_ count: Int = 4) throws -> AddressBook {
        var book = AddressBook(own: AddressNotice(node: node(1), addresses: addresses(1)))
        book.update(try cluster(count))
        return book
    }

    private func places(
        _ book: AddressBook, of member: Int, _ count: Int, mayRoam: Bool = true
    ) -> [String?] {
        (0..<count).map { book.place(of: node(member), tries: $0, mayRoam: mayRoam) }
    }

    private func notice(_ member: Int, _ peer: String) -> AddressNotice {
        AddressNotice(
            node: node(member), addresses: MemberAddresses(peer: peer, client: "c:1", admin: "a:1"))
    }

    private func peer(_ index: Int) -> String { addresses(index).peer }

    @Test func `a member is looked for where the topology has it, then where others were`() throws {
        var book = try book()
        book.seeds = ["seed:1", peer(3)]
        #expect(
            places(book, of: 2, 8)
                == [peer(2), "seed:1", peer(2), peer(3), peer(2), peer(4), peer(2), "seed:1"])
        #expect(places(book, of: 2, 3, mayRoam: false) == [peer(2), peer(2), peer(2)])
        #expect(book.place(of: node(9), tries: 0, mayRoam: true) == nil)
    }

    @Test func `nobody looks where another member is connected`() throws {
        var book = try book()
        book.met(node(3), at: peer(3), isConnected: true)
        book.met(node(4), at: peer(4), isConnected: true)
        #expect(places(book, of: 2, 3) == [peer(2), peer(2), peer(2)])
        book.lost(node(3))
        #expect(places(book, of: 2, 2) == [peer(2), peer(3)])
        // Even where the topology has the one that is looked for.
        book.met(node(3), at: peer(2), isConnected: true)
        #expect(places(book, of: 2, 2) == [peer(3), peer(3)])
    }

    @Test func `where somebody was met is where it is looked for first`() throws {
        var book = try book()
        book.met(node(4), at: peer(2), isConnected: false)
        #expect(book.place(of: node(4), tries: 0, mayRoam: false) == peer(2))
        // Somebody else is there now.
        book.met(node(3), at: peer(2), isConnected: false)
        #expect(book.place(of: node(4), tries: 0, mayRoam: false) == peer(4))
        // One that is connected is not where somebody says to be it in passing.
        book.met(node(3), at: "new:1", isConnected: true)
        book.met(node(3), at: "old:1", isConnected: false)
        #expect(book.place(of: node(3), tries: 0, mayRoam: false) == "new:1")
    }

    @Test func `what a member says of itself is tried and passed on once`() throws {
        var book = try book()
        let notice = notice(2, "new:1")
        let news = book.heard([notice], from: node(2))
        #expect(news.found == [node(2)])
        #expect(news.passedOn == [notice])
        #expect(places(book, of: 2, 2, mayRoam: false) == [peer(2), "new:1"])
        let again = book.heard([notice], from: node(2))
        #expect(again.found.isEmpty)
        #expect(again.passedOn.isEmpty)
        #expect(book.notices(for: node(3)).map(\.addresses.peer) == [peer(1), "new:1"])
        #expect(book.notices(for: node(2)).map(\.addresses.peer) == [peer(1)])
        // Whoever asks where it is is told so, until the members have agreed on something else.
        let agreed = try cluster(4)
        #expect(book.current(agreed).member(node(2))?.clientAddress == "c:1")
        let moved = try agreed.applying(
            .updateAddresses(description(2).id, addresses(7)), clusterIsEmpty: false)
        book.update(moved)
        #expect(book.current(moved) == moved)
    }

    @Test func `what others say of a member is tried and goes no further`() throws {
        var book = try book()
        let notices = [
            notice(2, "new:1"), notice(1, "x:1"), notice(9, "y:1"), notice(2, "nowhere"),
        ]
        let news = book.heard(notices, from: node(3))
        #expect(news.found == [node(2)])
        #expect(news.passedOn.isEmpty)
        #expect(book.notices(for: node(4)).map(\.addresses.peer) == [peer(1)])
    }

    @Test func `a member that goes on moving leaves few traces`() throws {
        var book = try book()
        for index in 1...20 {
            _ = book.heard([notice(2, "h:\(index)")], from: node(2))
        }
        #expect(Set(places(book, of: 2, 30, mayRoam: false)).count == 5)
    }

    @Test func `who has left is not looked for`() throws {
        var book = try book()
        book.update(
            try cluster(4).applying(.leave(description(2).id), clusterIsEmpty: true))
        #expect(book.place(of: node(2), tries: 0, mayRoam: true) == nil)
        #expect(places(book, of: 3, 4) == [peer(3), peer(4), peer(3), peer(4)])
    }

    @Test(arguments: [2, 3, 5])
    func `members that have all exchanged addresses are found in few tries`(_ count: Int) throws {
        // Node i is where node i + 1 was.
        let place = { (member: Int) in self.peer(member % count + 1) }
        for seeker in 1...count {
            var book = AddressBook(own: notice(seeker, place(seeker)))
            book.update(try cluster(count))
            for sought in 1...count where sought != seeker {
                #expect(places(book, of: sought, 2 * count).contains(place(sought)))
            }
        }
    }
}
