import Replication
import Testing

@Suite struct PlaceSetTests {
    @Test(arguments: [0, 1, 3, 16, 31, 32]) func `the first places are in it, and no others`(
        count: Int
    ) {
        let places = PlaceSet(first: count)
        #expect(places.count == count)
        #expect(places.isEmpty == (count == 0))
        for place in 0..<PlaceSet.placesMax { #expect(places.contains(place) == (place < count)) }
    }

    @Test func `places come and go`() {
        var places = PlaceSet()
        places.insert(31)
        places.insert(0)
        #expect(places.count == 2)
        let removed = places.remove(31)
        #expect(removed)
        let again = places.remove(31)
        #expect(!again)
        var others = PlaceSet()
        others.insert(7)
        let union = places.union(others)
        #expect(union.contains(0) && union.contains(7) && union.count == 2)
    }
}
