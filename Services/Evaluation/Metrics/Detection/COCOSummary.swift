/// The summary that COCO's evaluator prints: twelve numbers for boxes and masks, ten for
/// keypoints.
///
/// The numbers share their work: similarities are computed once for each image and category,
/// matches for all area ranges and thresholds together, and the fewer detections of the recalls
/// are the first of the many. They equal the catalogue's rows of the same parameters.
public struct COCOSummary: Sendable, Equatable {
  public struct Entry: Sendable, Equatable {
    /// COCO's name, such as `AP`, `AP50`, `APs`, `AR10`.
    public let name: String
    /// What the number is, in words.
    public let text: String
    /// COCO's evaluator prints -1 where this is undefined.
    public let outcome: MetricOutcome
  }

  public let entries: [Entry]

  /// The outcome of a name.
  public subscript(name: String) -> MetricOutcome? { entries.first { $0.name == name }?.outcome }

  /// Summarises detected boxes, masks or objects made of keypoints.
  ///
  /// `sigmas` are the fall-off constants of keypoints (default: COCO's, if there are 17).
  /// `workers` bounds the threads used; the bits of the numbers do not depend on it. Throws
  /// `unsupportedInput` for another kind, and what validation finds.
  public init(
    _ input: MetricInput, sigmas: [Double]? = nil, workers: Int = 1
  ) throws(MetricError) {
    let workers = Workers(workers)
    switch input.kind {
    case .detection:
      entries = try Self.objects(input, workers) { BoxImages(input, sigmas: nil) }
    case .instances:
      entries = try Self.objects(input, workers) { MaskImages(input, sigmas: nil) }
    case .keypointDetection:
      let ranking = try Self.ranking(input, areas: Self.keypointAreas, maximum: 20, workers) {
        () throws(MetricError) in try KeypointImages(input, sigmas: sigmas)
      }
      entries = Self.keypoints(ranking, workers)
    default:
      throw MetricError(
        .unsupportedInput,
        "a COCO summary needs detection, instances or keypoint_detection, "
          + "not \(input.kind.rawValue)")
    }
  }

  // MARK: Areas

  /// Area ranges in square pixels, with their suffix and name.
  private struct Area {
    let suffix: String
    let text: String
    let range: ClosedRange<Double>
  }

  private static let everyArea = Area(suffix: "", text: "", range: 0...1e10)
  private static let medium = Area(
    suffix: "m", text: " of medium objects", range: 1024...9216)
  private static let large = Area(suffix: "l", text: " of large objects", range: 9216...1e10)
  private static let objectAreas = [
    everyArea, Area(suffix: "s", text: " of small objects", range: 0...1024), medium, large,
  ]
  private static let keypointAreas = [everyArea, medium, large]

  // MARK: Numbers

  private static func ranking<Source: ObjectSource>(
    _ input: MetricInput, areas: [Area], maximum: Int, _ workers: Workers,
    _ make: () throws(MetricError) -> Source
  ) throws(MetricError) -> AveragePrecision.Ranking {
    try input.validateShape()
    let source = try make()
    let layout = DetectionTable.Layout(
      categoryCount: source.categoryCount, thresholds: AveragePrecision.thresholds,
      areas: areas.map(\.range), maximum: maximum)
    let ranges = workers.ranges(of: input.count, unit: 1)
    guard !ranges.isEmpty else { throw MetricError(.emptyInput, "there are no samples") }
    let tables = try workers.map(ranges.count) { piece throws(MetricError) in
      try input.validate(ranges[piece])
      return DetectionTable(source, ranges[piece], layout)
    }
    return AveragePrecision.Ranking(tables, layout, workers)
  }

  private static func objects<Source: ObjectSource>(
    _ input: MetricInput, _ workers: Workers, _ make: () throws(MetricError) -> Source
  ) throws(MetricError) -> [Entry] {
    let ranking = try ranking(input, areas: objectAreas, maximum: 100, workers, make)
    let curves = objectAreas.indices.map {
      ranking.curves(area: $0, maximum: 100, workers)
    }
    var entries = precisions(curves, objectAreas)
    for maximum in [1, 10] {
      let few = ranking.curves(area: 0, maximum: maximum, workers)
      entries.append(recall("AR\(maximum)", " with \(maximum) per image", few))
    }
    for (area, curves) in zip(objectAreas, curves) {
      entries.append(recall("AR" + (area.suffix.isEmpty ? "100" : area.suffix), area.text, curves))
    }
    return entries
  }

  private static func keypoints(
    _ ranking: AveragePrecision.Ranking, _ workers: Workers
  ) -> [Entry] {
    let curves = keypointAreas.indices.map { ranking.curves(area: $0, maximum: 20, workers) }
    return precisions(curves, keypointAreas)
      + [
        recall("AR", "", curves[0]), recall("AR50", " at 0.50", curves[0], threshold: 0),
        recall("AR75", " at 0.75", curves[0], threshold: 5),
      ] + zip(keypointAreas, curves).dropFirst().map { recall("AR" + $0.suffix, $0.text, $1) }
  }

  /// The mean over all thresholds, at 0.50, at 0.75, and for each further area range.
  private static func precisions(
    _ curves: [[PrecisionCurves?]], _ areas: [Area]
  ) -> [Entry] {
    func entry(_ name: String, _ text: String, _ curves: [PrecisionCurves?], _ threshold: Int?)
      -> Entry
    {
      Entry(
        name: name, text: "Mean average precision" + text,
        outcome: AveragePrecision.Summary.precision.value(curves, threshold: threshold))
    }
    return [
      entry("AP", "", curves[0], nil), entry("AP50", " at 0.50", curves[0], 0),
      entry("AP75", " at 0.75", curves[0], 5),
    ]
      + zip(areas, curves).dropFirst().map { entry("AP" + $0.suffix, $0.text, $1, nil) }
  }

  private static func recall(
    _ name: String, _ text: String, _ curves: [PrecisionCurves?], threshold: Int? = nil
  ) -> Entry {
    Entry(
      name: name, text: "Mean average recall" + text,
      outcome: AveragePrecision.Summary.recall.value(curves, threshold: threshold))
  }
}
