import API

/// What is measured; the peers measure messages of the same shape and size.
enum CodecSamples {
  static let event = BenchEvent(
    time: Google_Protobuf_Timestamp(seconds: 1_732_570_000, nanos: 123_456_789),
    source: "evaluation-worker-07", kind: "started",
    text: "scoring of submission 4711 has begun now")

  static let field = BenchField(
    kind: 9, number: 7, name: "prediction_bounds", typeUrl: "type.assay.example/PredictionRow",
    jsonName: "predictionBounds00")

  static let doubles = BenchDoubles(values: (0..<1_000_000).map { Double($0) * 0.5 })

  static let bytes = BenchBytes(value: [UInt8](repeating: 7, count: 8_000_000))
}
