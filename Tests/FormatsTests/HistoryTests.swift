import Metrics
import Testing

@testable import Formats

/// The past of many series.
@Suite("Histories")
struct HistoryTests {
  @Test("each series has its own past, in time order, however the table is ordered")
  func manySeries() throws {
    // Once through the table for each series would be 400 million comparisons, which take minutes.
    let count = 10_000
    var past = "series,timestamp,target\n"
    for time in [3, 1, 2, 0] {
      for series in 0..<count { past += "s\(series),\(time),\(series * 10 + time)\n" }
    }
    var truth = "series,timestamp,target\n"
    var predicted = "series,timestamp,prediction\n"
    for series in 0..<count {
      let time = series.isMultiple(of: 2) ? 2 : 9
      truth += "s\(series),\(time),1\n"
      predicted += "s\(series),\(time),1\n"
    }
    truth += "new,9,1\n"
    predicted += "new,9,1\n"
    let dataset = try TableTests.dataset(truth, .timeSeriesForecasting)
    let history = try TableTests.dataset(past, .timeSeriesForecasting)
    let predictions = try PredictionsReader.read(bytes: Array(predicted.utf8), for: dataset)
    var input: ScoringInput?
    let time = try ContinuousClock().measure {
      input = try ScoringInput(dataset, predictions, history: history)
    }
    #expect(time < .seconds(10))
    let metric = try MetricsCatalogue.metric("mae", of: .timeSeriesForecasting)
    guard case .series(let series)? = input?.input(for: metric) else {
      Issue.record("no series")
      return
    }
    #expect(series.count == count + 1)
    #expect(series[0].history == [0, 1])
    #expect(series[7].history == [70, 71, 72, 73])
    #expect(series[count].history == [])
  }
}
