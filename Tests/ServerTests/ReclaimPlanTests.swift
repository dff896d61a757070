import Testing

@testable import Server

@Suite struct ReclaimPlanTests {
    @Test func `each partition is rewritten once in a shortage`() {
        var plan = ReclaimPlan()
        let chosen = (0..<4).map { _ in plan.next([5, 0, 7]) }
        #expect(chosen == [0, 1, 2, nil])
        plan.end()
        #expect(plan.next([5, 0, 7]) == 0)
    }

    @Test func `those with the most deletes go first`() {
        var plan = ReclaimPlan()
        #expect(plan.next([5, 9, 7]) == 0)
        #expect(plan.next([5, 8, 3]) == 2)
        #expect(plan.next([5, 8, 3]) == 1)
        #expect(plan.next([5, 8, 3]) == nil)
    }

    @Test func `new deletes are worth another round, new keys are not`() {
        var plan = ReclaimPlan()
        for _ in 0..<2 { _ = plan.next([5, 5]) }
        #expect(plan.next([5, 9]) == nil)
        #expect(plan.next([5, 8]) == 1)
        #expect(plan.next([4, 8]) == 0)
        #expect(plan.next([4, 8]) == nil)
    }

    @Test func `without partitions there is nothing to do`() {
        var plan = ReclaimPlan()
        #expect(plan.next([]) == nil)
    }
}
