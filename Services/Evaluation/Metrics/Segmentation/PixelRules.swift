/// Computations of rows that count pixels.
enum PixelRules {
  /// A computation on the counts of each image.
  static func counted(
    _ finish: @escaping @Sendable ([[ClassCounts]], MetricParameters) -> MetricOutcome
  ) -> Computation {
    .units(
      UnitRule(
        partial: { input, range, parameters, workers throws(MetricError) in
          guard case .segmentation(let maps) = input else { preconditionFailure("takes maps") }
          try check(parameters, classCount: maps.classCount)
          var images: [[ClassCounts]] = []
          for index in range {
            guard let counts = PixelCounts.counts(maps, index, workers) else {
              throw maps.unknownLabel(index)
            }
            images.append(counts)
          }
          return .pixels(images)
        },
        finish: { partials, _, parameters, _ in
          finish(
            partials.flatMap { partial -> [[ClassCounts]] in
              if case .pixels(let counts) = partial { return counts }
              return []
            }, parameters)
        }))
  }

  /// Checks the parameters that name classes.
  static func check(
    _ parameters: MetricParameters, classCount: Int
  ) throws(MetricError) {
    for name in ["exclude_classes", "class_index", "positive_class"] {
      let named = parameters.integers(name) ?? parameters.integer(name).map { [$0] } ?? []
      guard let unknown = named.first(where: { $0 >= classCount }) else { continue }
      throw MetricError(
        .invalidParameter, at: name, "expected a class below \(classCount), got \(unknown)")
    }
    let average = parameters.text("average")
    guard average == "binary", classCount != 2, parameters["class_index"] == nil else { return }
    throw MetricError(
      .requiresBinary, at: "average", "binary needs two classes, there are \(classCount)")
  }

  private static func summed(_ images: [[ClassCounts]]) -> [ClassCounts] {
    var sum = images.first.map { $0.map { _ in ClassCounts() } } ?? []
    for image in images { for index in image.indices { sum[index] += image[index] } }
    return sum
  }

  private static func validPixels(_ counts: [ClassCounts]) -> Int64 { counts.first?.total ?? 0 }

  private static func share(_ counts: [ClassCounts]) -> Double {
    let hits = counts.reduce(0) { $0 + $1.hits }
    return Double(hits) / Double(validPixels(counts))
  }

  // MARK: Rows

  static let accuracy = counted { images, parameters in
    let valid = images.filter { validPixels($0) > 0 }
    guard !valid.isEmpty else { return .undefined(.noValidPixels) }
    if parameters.text("reduction") == "per_image" {
      return .finite(BlockSum.mean(valid.map(share)))
    }
    return .finite(share(summed(valid)))
  }

  /// A ratio with the averages of the label rows; `auto` over more than two classes is given.
  static func ratio(_ ratio: Ratio, auto: String) -> Computation {
    counted { images, parameters in
      let counts = summed(images)
      guard validPixels(counts) > 0 else { return .undefined(.noValidPixels) }
      let zeroDivision = parameters.required("zero_division")
      if let index = parameters.integer("class_index") {
        return .finite(ratio.value(counts[index], zeroDivision: zeroDivision))
      }
      let given = parameters.text("average")
      let average = given == "auto" ? (counts.count == 2 ? "binary" : auto) : given
      let chosen = chosenClasses(counts, parameters)
      switch average {
      case "binary":
        let positive = parameters.integer("positive_class") ?? 1
        return .finite(ratio.value(counts[positive], zeroDivision: zeroDivision))
      case "none":
        let excluded = Set(parameters.integers("exclude_classes") ?? [])
        return .values(
          counts.indices.map {
            excluded.contains($0) ? nil : ratio.value(counts[$0], zeroDivision: zeroDivision)
          }, mean: nil)
      default:
        return averaged(ratio, chosen.map { counts[$0] }, average, zeroDivision)
      }
    }
  }

  private static func averaged(
    _ ratio: Ratio, _ counts: [ClassCounts], _ average: String, _ zeroDivision: Double
  ) -> MetricOutcome {
    let support = counts.reduce(0) { $0 + $1.positives }
    guard !counts.isEmpty, average != "weighted" || support > 0 else {
      return .undefined(.noClasses)
    }
    let ratios = counts.map { ratio.value($0, zeroDivision: zeroDivision) }
    switch average {
    case "micro":
      let sum = counts.reduce(into: ClassCounts()) { $0 += $1 }
      return .finite(ratio.value(sum, zeroDivision: zeroDivision))
    case "weighted":
      let terms = zip(ratios, counts).map { $0 * Double($1.positives) }
      return .finite(BlockSum.sum(terms) / Double(support))
    default:
      return .finite(BlockSum.mean(ratios))
    }
  }

  /// The classes that are averaged: not excluded, and occurring.
  private static func chosenClasses(
    _ counts: [ClassCounts], _ parameters: MetricParameters
  ) -> [Int] {
    let excluded = Set(parameters.integers("exclude_classes") ?? [])
    let fromTruth = parameters.text("classes_from") == "ground_truth"
    return counts.indices.filter {
      !excluded.contains($0) && (fromTruth ? counts[$0].positives > 0 : counts[$0].occurs)
    }
  }

  /// Macro or weighted Jaccard over the classes that occur.
  static func jaccard(weighted: Bool) -> Computation {
    counted { images, parameters in
      let counts = summed(images)
      guard validPixels(counts) > 0 else { return .undefined(.noValidPixels) }
      let chosen = chosenClasses(counts, parameters).map { counts[$0] }
      return averaged(
        .jaccard, chosen, weighted ? "weighted" : "macro", parameters.required("zero_division"))
    }
  }

  static let meanAccuracy = counted { images, parameters in
    let counts = summed(images)
    guard validPixels(counts) > 0 else { return .undefined(.noValidPixels) }
    let excluded = Set(parameters.integers("exclude_classes") ?? [])
    let chosen = counts.indices.filter { !excluded.contains($0) && counts[$0].positives > 0 }
    return averaged(.recall, chosen.map { counts[$0] }, "macro", 0)
  }

  static let dice = counted { images, parameters in
    let isGlobal = parameters.text("reduction") == "global"
    let total = summed(images)
    guard validPixels(total) > 0 else {
      return .undefined(isGlobal ? .noValidPixels : .noForeground)
    }
    let excluded = Set(
      parameters.integers("exclude_classes") ?? (total.count == 2 ? [0] : []))
    func values(_ counts: [ClassCounts], bothEmpty: Double?) -> [Double] {
      counts.indices.filter { !excluded.contains($0) }.compactMap {
        counts[$0].occurs ? Ratio.fBeta(1).value(counts[$0], zeroDivision: 0) : bothEmpty
      }
    }
    if isGlobal {
      let all = values(total, bothEmpty: nil)
      return all.isEmpty ? .undefined(.noForeground) : .finite(BlockSum.mean(all))
    }
    let one: Double? = parameters.text("both_empty") == "one" ? 1 : nil
    let means = images.map { values($0, bothEmpty: one) }.filter { !$0.isEmpty }
      .map(BlockSum.mean)
    return means.isEmpty ? .undefined(.noForeground) : .finite(BlockSum.mean(means))
  }
}
