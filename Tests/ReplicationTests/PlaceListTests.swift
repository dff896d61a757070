import Replication
import Testing

@Suite struct PlaceListTests {
    @Test func `places come back in their order`() {
        var list = PlaceList()
        let places = [3, PlaceSet.placesMax - 1, 0, 7, 7]
        for place in places { list.append(place) }
        #expect((0..<list.count).map { list[$0] } == places)
        #expect(list.count(below: 7) == 2)
    }

    @Test func `what does not fit is left out`() {
        var list = PlaceList()
        for index in 0..<32 { list.append(index % 10) }
        #expect((0..<list.count).map { list[$0] } == (0..<PlaceList.countMax).map { $0 % 10 })
    }
}
