import Metrics

/// Makes the typed inputs of generated arrays.
enum BenchInputs {
  private static func classes(_ count: Int) -> [Label] {
    (0..<count).map { .integer(Int64($0)) }
  }

  // MARK: Rows

  static func labels(_ count: Int) -> @Sendable (BenchData) throws -> MetricInput {
    { data in
      .labels(
        try LabelColumns(
          classes: classes(count), truth: data.integers("truth"),
          prediction: data.integers("prediction")))
    }
  }

  static func binaryScores(_ data: BenchData) throws -> MetricInput {
    .binaryScores(
      try BinaryScores(
        classes: classes(2), truth: data.integers("truth"), scores: data.doubles("scores")))
  }

  static func classes100(_ data: BenchData) throws -> MetricInput {
    .probabilities(
      try ClassScores(
        classes: classes(100), truth: data.integers("truth"), scores: data.doubles("scores")))
  }

  static func regression(_ data: BenchData) throws -> MetricInput {
    .regression(
      RegressionColumns(
        truth: try data.doubles("truth"), prediction: try data.doubles("prediction")))
  }

  static func series(_ data: BenchData) throws -> MetricInput {
    .series([
      ForecastSeries(
        truth: try data.doubles("truth"), prediction: try data.doubles("prediction"))
    ])
  }

  static func survival(_ data: BenchData) throws -> MetricInput {
    .survival(
      SurvivalColumns(
        event: try data.bytes("event").map { $0 != 0 }, time: try data.doubles("time"),
        risk: try data.doubles("risk")))
  }

  // MARK: Pixels

  static func maps(_ data: BenchData) throws -> MetricInput {
    .segmentation(try pixels(data, classCount: 19, height: 1024, width: 2048))
  }

  static func masks(_ data: BenchData) throws -> MetricInput {
    .segmentation(try pixels(data, classCount: 2, height: 512, width: 512))
  }

  private static func pixels(
    _ data: BenchData, classCount: Int, height: Int, width: Int
  ) throws -> SegmentationMaps {
    let truth = try data.bytes("truth")
    let prediction = try data.bytes("prediction")
    let size = height * width
    return try SegmentationMaps(
      classCount: classCount,
      images: stride(from: 0, to: truth.count, by: size).map { start in
        SegmentationImage(
          height: height, width: width, truth: Array(truth[start..<start + size]),
          prediction: Array(prediction[start..<start + size]))
      })
  }

  // MARK: Objects

  static func boxes(_ data: BenchData) throws -> MetricInput {
    func boxes(_ side: String) throws -> [Box] {
      let numbers = try data.doubles("\(side)-box")
      return stride(from: 0, to: numbers.count, by: 4).map {
        Box(x: numbers[$0], y: numbers[$0 + 1], width: numbers[$0 + 2], height: numbers[$0 + 3])
      }
    }
    return .detection(
      try objects(data, images: 5_000, categories: 80, boxes("truth"), boxes("found")))
  }

  static func runLengths(_ data: BenchData) throws -> MetricInput {
    func masks(_ side: String) throws -> [RunLengthMask] {
      let runs = try data.integers("\(side)-runs").map(Int64.init)
      let offsets = try data.integers("\(side)-offsets").map(Int.init)
      return try zip(offsets, offsets.dropFirst()).map { first, last in
        try RunLengthMask(height: 480, width: 640, runs: Array(runs[first..<last]))
      }
    }
    return .instances(
      try objects(data, images: 500, categories: 20, masks("truth"), masks("found")))
  }

  /// Deals the rows of both sides out to their images.
  private static func objects<Geometry>(
    _ data: BenchData, images: Int, categories: Int, _ truths: [Geometry], _ found: [Geometry]
  ) throws -> ObjectSet<Geometry> {
    let truthRows = rows(try data.integers("truth-image"), of: images)
    let foundRows = rows(try data.integers("found-image"), of: images)
    let truthCategories = try data.integers("truth-category")
    let crowds = try data.integers("truth-crowd")
    let areas = try data.doubles("truth-area")
    let foundCategories = try data.integers("found-category")
    let scores = try data.doubles("found-score")
    return try ObjectSet(
      categories: classes(categories),
      images: zip(truthRows, foundRows).map { truth, prediction in
        ObjectImage(
          truths: truth.map { truths[$0] }, truthCategories: truth.map { truthCategories[$0] },
          isCrowd: truth.map { crowds[$0] != 0 }, areas: truth.map { areas[$0] },
          predictions: prediction.map { found[$0] },
          predictedCategories: prediction.map { foundCategories[$0] },
          scores: prediction.map { scores[$0] })
      })
  }

  private static func rows(_ owners: [Int32], of images: Int) -> [[Int]] {
    var rows = [[Int]](repeating: [], count: images)
    for (row, image) in owners.enumerated() { rows[Int(image)].append(row) }
    return rows
  }
}

extension MetricInput {
  /// The arrays of an input whose samples are rows; none if reading it is no sensible bound.
  var arrays: [BenchArray] {
    switch self {
    case .labels(let columns): [.integers(columns.truth), .integers(columns.prediction)]
    case .probabilities(let columns): [.integers(columns.truth), .doubles(columns.scores)]
    case .binaryScores(let columns): [.integers(columns.truth), .doubles(columns.scores)]
    case .regression(let columns): [.doubles(columns.truth), .doubles(columns.prediction)]
    case .series(let series):
      series.flatMap { [.doubles($0.truth), .doubles($0.prediction)] }
    case .segmentation(let maps):
      // They are held in bytes.
      maps.images.flatMap { image in
        [image.truth, image.prediction].map { .bytes($0.map { UInt8(truncatingIfNeeded: $0) }) }
      }
    default: []
    }
  }
}
