/// The detections of consecutive images as average precision needs them, in flat storage.
///
/// Most detections match no truth at any threshold: for them there is nothing but a record.
struct DetectionTable: Sendable {
  /// What is ranked, and how finely.
  struct Layout: Sendable {
    let categoryCount: Int
    let thresholds: [Double]
    let areas: [ClosedRange<Double>?]
    /// Detections of an image and category that count, best scores first.
    let maximum: Int

    /// 64-bit words with one bit per threshold.
    var words: Int { (thresholds.count + 63) / 64 }
    /// Words of a detection that matches something: matched and ignored, area by area.
    var hitWords: Int { 2 * areas.count * words }

    init(
      categoryCount: Int, thresholds: [Double], areas: [ClosedRange<Double>?], maximum: Int
    ) {
      precondition(areas.count <= 8, "one bit of a byte per area range")
      self.categoryCount = categoryCount
      self.thresholds = thresholds
      self.areas = areas
      self.maximum = maximum
    }
  }

  struct Detection: Sendable {
    let score: Double
    let category: Int32
    /// Position among the detections of its image and category.
    let rank: Int32
    /// Where its words begin in `hits`; -1 if it matches nothing.
    var hitStart: Int
    /// One bit per area range that it lies outside of.
    let outside: UInt8
  }

  private(set) var detections: [Detection] = []
  private(set) var hits: [UInt64] = []
  /// Area by area, for each category the truths that count.
  private(set) var positives: [Int]

  private init(_ layout: Layout) {
    positives = [Int](repeating: 0, count: layout.areas.count * layout.categoryCount)
  }

  /// The detections of some images.
  init<Source: ObjectSource>(_ source: Source, _ images: Range<Int>, _ layout: Layout) {
    self.init(layout)
    var groups = CategoryGroups(categories: layout.categoryCount, maximum: layout.maximum)
    var matcher = Matcher<Source.Image>(thresholds: layout.thresholds, areas: layout.areas)
    for index in images {
      let image = source.image(index)
      groups.fill(image)
      for group in groups.groups { add(image, groups, group, &matcher, layout) }
    }
  }

  private mutating func add<Image: MatchableImage>(
    _ image: Image, _ groups: CategoryGroups, _ group: CategoryGroup,
    _ matcher: inout Matcher<Image>, _ layout: Layout
  ) {
    let truths = groups.truths[group.truths]
    matcher.begin(image, truths)
    if !truths.isEmpty {
      for area in layout.areas.indices {
        positives[area * layout.categoryCount + group.category] += matcher.positives(area: area)
      }
    }
    for (rank, position) in group.predictions.enumerated() {
      let prediction = groups.predictions[position]
      let isHit = !truths.isEmpty && matcher.compare(image, prediction, truths)
      detections.append(
        Detection(
          score: image.scores[prediction], category: Int32(group.category), rank: Int32(rank),
          hitStart: isHit ? hits.count : -1,
          outside: Self.outside(image.area(prediction: prediction), layout.areas)))
      if isHit { addHit(&matcher, layout) }
    }
  }

  private static func outside(_ area: Double, _ areas: [ClosedRange<Double>?]) -> UInt8 {
    var bits: UInt8 = 0
    for (index, range) in areas.enumerated() {
      if let range, !range.contains(area) { bits |= 1 << UInt8(index) }
    }
    return bits
  }

  private mutating func addHit(_ matcher: inout Matcher<some MatchableImage>, _ layout: Layout) {
    let start = hits.count
    hits.append(contentsOf: repeatElement(0, count: layout.hitWords))
    let words = layout.words
    for area in layout.areas.indices {
      let cell = start + 2 * area * words
      for threshold in layout.thresholds.indices {
        guard let truth = matcher.match(area: area, threshold: threshold) else { continue }
        let bit: UInt64 = 1 << UInt64(threshold & 63)
        hits[cell + threshold >> 6] |= bit
        if matcher.isIgnored(truth: truth, area: area) {
          hits[cell + words + threshold >> 6] |= bit
        }
      }
    }
  }

  /// The tables of consecutive images as one.
  static func joined(_ tables: [DetectionTable], _ layout: Layout) -> DetectionTable {
    guard tables.count != 1 else { return tables[0] }
    var whole = DetectionTable(layout)
    whole.detections.reserveCapacity(tables.reduce(0) { $0 + $1.detections.count })
    for table in tables {
      let base = whole.hits.count
      for detection in table.detections {
        var moved = detection
        if moved.hitStart >= 0 { moved.hitStart += base }
        whole.detections.append(moved)
      }
      whole.hits += table.hits
      for cell in table.positives.indices { whole.positives[cell] += table.positives[cell] }
    }
    return whole
  }
}
