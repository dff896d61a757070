import Essentials
import Testing

@testable import Server

@Suite struct AdminMetricTests {
    @Test func `the text is Prometheus'`() {
        let histogram = MetricHistogram(
            bounds: [0.001, 0.1, 1], counts: [2, 0, 3], count: 6, sum: 7.25)
        let metrics = [
            Metric(
                "m_total", .counter, "Line one\nline \\two \"three\".",
                [
                    MetricSample(1, ["a": "x\"y\\z\n", "b": "2"]),
                    MetricSample(9_007_199_254_740_992, [:]),
                ]),
            Metric("h_seconds", .histogram, "Times.", [MetricSample(histogram, ["op": "get"])]),
            Metric(
                "g", .gauge, "Edges.",
                [MetricSample(.infinity), MetricSample(-.infinity), MetricSample(.nan)]),
        ]
        #expect(
            Metric.text(metrics) == #"""
                # HELP m_total Line one\nline \\two "three".
                # TYPE m_total counter
                m_total{a="x\"y\\z\n",b="2"} 1
                m_total 9007199254740992
                # HELP h_seconds Times.
                # TYPE h_seconds histogram
                h_seconds_bucket{op="get",le="0.001"} 2
                h_seconds_bucket{op="get",le="0.1"} 2
                h_seconds_bucket{op="get",le="1"} 5
                h_seconds_bucket{op="get",le="+Inf"} 6
                h_seconds_sum{op="get"} 7.25
                h_seconds_count{op="get"} 6
                # HELP g Edges.
                # TYPE g gauge
                g +Inf
                g -Inf
                g NaN

                """#)
    }

    @Test func `the JSON has the same`() {
        let histogram = MetricHistogram(bounds: [1, 2], counts: [1, 1], count: 3, sum: 9)
        let metric = Metric("h", .histogram, "H.", [MetricSample(histogram, ["a": "b"])])
        #expect(
            metric.json.text == #"{"name":"h","type":"histogram","help":"H.","samples":["#
                + #"{"labels":{"a":"b"},"count":3,"sum":9,"buckets":[[1,1],[2,2]]}]}"#)
    }
}
