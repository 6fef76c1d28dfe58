/// Actual and predicted numbers.
public struct RegressionColumns: InputColumns, Equatable {
  public let truth: [Double]
  public let prediction: [Double]

  public init(truth: [Double], prediction: [Double]) {
    self.truth = truth
    self.prediction = prediction
  }

  public var count: Int { max(truth.count, prediction.count) }

  func slice(_ range: Range<Int>) -> RegressionColumns {
    RegressionColumns(truth: truth.cut(range), prediction: prediction.cut(range))
  }

  func appending(_ other: RegressionColumns) -> RegressionColumns {
    RegressionColumns(truth: truth + other.truth, prediction: prediction + other.prediction)
  }

  /// A term of each sample of a range, computed eight at a time.
  @inline(__always)
  func terms(
    _ range: Range<Int>,
    _ term: (_ truth: SIMD8<Double>, _ prediction: SIMD8<Double>) -> SIMD8<Double>
  ) -> [Double] {
    [Double](unsafeUninitializedCapacity: range.count) { terms, count in
      withColumns(range) { truth, prediction in
        Lanes.forEach(truth, prediction) { truth, prediction in
          let values = term(truth, prediction)
          if count + Lanes.width <= range.count {
            UnsafeMutableRawBufferPointer(terms).storeBytes(
              of: values, toByteOffset: count * MemoryLayout<Double>.stride,
              as: SIMD8<Double>.self)
            count += Lanes.width
          } else {
            for lane in 0..<(range.count - count) {
              terms.initializeElement(at: count, to: values[lane])
              count += 1
            }
          }
        }
      }
    }
  }

  /// A term of each sample of a range.
  @inline(__always)
  func scalarTerms(
    _ range: Range<Int>, _ term: (_ truth: Double, _ prediction: Double) -> Double
  ) -> [Double] {
    withColumns(range) { truth, prediction in
      truth.indices.map { term(truth[$0], prediction[$0]) }
    }
  }

  /// The columns of a range of samples.
  @inline(__always)
  func withColumns<Value>(
    _ range: Range<Int>,
    _ body: (_ truth: UnsafeBufferPointer<Double>, _ prediction: UnsafeBufferPointer<Double>) ->
      Value
  ) -> Value {
    truth.withUnsafeBufferPointer { truth in
      prediction.withUnsafeBufferPointer { prediction in
        body(
          UnsafeBufferPointer(rebasing: truth[range]),
          UnsafeBufferPointer(rebasing: prediction[range]))
      }
    }
  }

  func validateShape() throws(MetricError) {
    try Check.sameLength(truth.count, "y_true", prediction.count, "y_pred")
  }

  func validate(_ range: Range<Int>) throws(MetricError) {
    try Check.finite(truth, range, "y_true")
    try Check.finite(prediction, range, "y_pred")
  }
}

/// Actual and predicted values of one series in time order.
public struct ForecastSeries: Sendable, Equatable {
  public let truth: [Double]
  public let prediction: [Double]
  /// The actual values immediately before the first point, in time order; may be empty.
  public let history: [Double]

  public init(truth: [Double], prediction: [Double], history: [Double] = []) {
    self.truth = truth
    self.prediction = prediction
    self.history = history
  }
}

/// A list of series.
struct SeriesColumns: InputColumns {
  let series: [ForecastSeries]
  var count: Int { series.count }

  var valuesPerSample: Int { max(1, (series.first?.truth.count ?? 0)) }

  func validateShape() throws(MetricError) {
    for (index, one) in series.enumerated() {
      try Check.sameLength(
        one.truth.count, "y_true", one.prediction.count, "y_pred", at: "series[\(index)]")
      guard !one.truth.isEmpty else {
        throw MetricError(.emptyInput, at: "series[\(index)]", "the series has no points")
      }
    }
  }

  func validate(_ range: Range<Int>) throws(MetricError) {
    for index in range {
      let one = series[index]
      try Check.finite(one.truth, "series[\(index)].y_true")
      try Check.finite(one.prediction, "series[\(index)].y_pred")
      try Check.finite(one.history, "series[\(index)].history")
    }
  }
}

/// Observed times and predicted risks of subjects.
public struct SurvivalColumns: InputColumns, Equatable {
  /// True: the event was observed; false: the subject was censored.
  public let event: [Bool]
  public let time: [Double]
  public let risk: [Double]

  public init(event: [Bool], time: [Double], risk: [Double]) {
    self.event = event
    self.time = time
    self.risk = risk
  }

  public var count: Int { max(event.count, time.count, risk.count) }

  func slice(_ range: Range<Int>) -> SurvivalColumns {
    SurvivalColumns(
      event: event.cut(range), time: time.cut(range), risk: risk.cut(range))
  }

  func appending(_ other: SurvivalColumns) -> SurvivalColumns {
    SurvivalColumns(
      event: event + other.event, time: time + other.time, risk: risk + other.risk)
  }

  func validateShape() throws(MetricError) {
    try Check.sameLength(event.count, "event", time.count, "time")
    try Check.sameLength(event.count, "event", risk.count, "risk")
  }

  func validate(_ range: Range<Int>) throws(MetricError) {
    try Check.finite(time, range, "time")
    try Check.finite(risk, range, "risk")
    try Self.validate(times: time, range)
  }

  static func validate(times: [Double], _ range: Range<Int>) throws(MetricError) {
    guard let index = times[range].firstIndex(where: { $0 < 0 }) else { return }
    throw MetricError(
      .invalidValue, at: "time[\(index)]", "expected a time of at least 0, got \(times[index])")
  }
}

/// Whether subjects had the event, and whether that was predicted.
public struct SurvivalEvents: InputColumns, Equatable {
  public let event: [Bool]
  public let time: [Double]?
  public let predictedEvent: [Bool]?
  public let probability: [Double]?

  public init(
    event: [Bool], time: [Double]? = nil, predictedEvent: [Bool]? = nil,
    probability: [Double]? = nil
  ) {
    self.event = event
    self.time = time
    self.predictedEvent = predictedEvent
    self.probability = probability
  }

  public var count: Int {
    max(event.count, time?.count ?? 0, predictedEvent?.count ?? 0, probability?.count ?? 0)
  }

  func slice(_ range: Range<Int>) -> SurvivalEvents {
    SurvivalEvents(
      event: event.cut(range), time: time.map { $0.cut(range) },
      predictedEvent: predictedEvent.map { $0.cut(range) },
      probability: probability.map { $0.cut(range) })
  }

  func appending(_ other: SurvivalEvents) throws(MetricError) -> SurvivalEvents {
    guard (time == nil) == (other.time == nil),
      (predictedEvent == nil) == (other.predictedEvent == nil),
      (probability == nil) == (other.probability == nil)
    else {
      throw MetricError(.missingField, "all parts of an evaluation must have the same fields")
    }
    return SurvivalEvents(
      event: event + other.event, time: Self.joined(time, other.time),
      predictedEvent: Self.joined(predictedEvent, other.predictedEvent),
      probability: Self.joined(probability, other.probability))
  }

  private static func joined<Element>(_ first: [Element]?, _ second: [Element]?) -> [Element]? {
    guard let first, let second else { return nil }
    return first + second
  }

  func validateShape() throws(MetricError) {
    guard predictedEvent != nil || probability != nil else {
      throw MetricError(
        .missingField, at: "predicted_event", "neither predicted_event nor probability is given")
    }
    if let time { try Check.sameLength(event.count, "event", time.count, "time") }
    if let predictedEvent {
      try Check.sameLength(event.count, "event", predictedEvent.count, "predicted_event")
    }
    if let probability {
      try Check.sameLength(event.count, "event", probability.count, "probability")
    }
  }

  func validate(_ range: Range<Int>) throws(MetricError) {
    if let time {
      try Check.finite(time, range, "time")
      try SurvivalColumns.validate(times: time, range)
    }
    guard let probability else { return }
    try Check.finite(probability, range, "probability")
    for index in range { try Check.probability(probability[index], "probability[\(index)]") }
  }
}
