import Glibc

/// A numerator and a denominator; a value is one over 1.
struct PixelRatio: Sendable, Equatable {
  let numerator: Double
  let denominator: Double

  var value: Double { numerator / denominator }
}

/// Computations of rows about the boundaries of masks.
enum BoundaryRules {
  typealias ClassValue =
    @Sendable (MaskPair, MetricParameters) throws(MetricError) -> PixelRatio?

  /// A value for each class of each image, nil where it has none.
  private static func byClass(
    _ value: @escaping ClassValue,
    finish: @escaping @Sendable ([[PixelRatio?]], MetricParameters) -> MetricOutcome = twoStep
  ) -> Computation {
    .units(
      UnitRule(
        partial: { input, range, parameters, workers throws(MetricError) in
          guard case .segmentation(let maps) = input else { preconditionFailure("takes maps") }
          try PixelRules.check(parameters, classCount: maps.classCount)
          let excluded = Set(parameters.integers("exclude_classes") ?? [])
          var images: [[PixelRatio?]] = []
          for index in range {
            let masks = try ClassMasks(maps, index)
            let labels = masks.occurring.filter { !excluded.contains($0) }
            var ratios = [PixelRatio?](repeating: nil, count: maps.classCount)
            let found = try workers.map(labels.count) { position throws(MetricError) in
              try masks.pair(labels[position]).flatMap { pair throws(MetricError) in
                try value(pair, parameters)
              }
            }
            for (position, ratio) in found.enumerated() { ratios[labels[position]] = ratio }
            images.append(ratios)
          }
          return .ratios(images)
        },
        finish: { partials, _, parameters, _ in
          finish(
            partials.flatMap { partial -> [[PixelRatio?]] in
              if case .ratios(let ratios) = partial { return ratios }
              return []
            }, parameters)
        }))
  }

  /// The mean over the classes of an image, then over the images.
  private static let twoStep: @Sendable ([[PixelRatio?]], MetricParameters) -> MetricOutcome = {
    images, _ in
    let means = images.map { $0.compactMap { $0?.value } }.filter { !$0.isEmpty }
      .map(BlockSum.mean)
    return means.isEmpty ? .undefined(.noForeground) : .finite(BlockSum.mean(means))
  }

  // MARK: Boundary IoU

  /// Cheng et al. (2021): the overlap of the bands along the boundaries.
  static let boundaryOverlap = byClass(
    { pair, parameters in
      let ratio = parameters.required("dilation_ratio")
      let height = Double(pair.truth.height)
      let width = Double(pair.truth.width)
      let diagonal = (height * height + width * width).squareRoot()
      let limit = height + width
      let distance = Int(max(1, min(limit, (ratio * diagonal).rounded(.toNearestOrEven))))
      let (both, either) = pair.truth.band(distance).overlap(pair.prediction.band(distance))
      return either > 0 ? PixelRatio(numerator: Double(both), denominator: Double(either)) : nil
    },
    finish: { images, parameters in
      if parameters.text("reduction") == "per_image" { return twoStep(images, parameters) }
      let classCount = images.first?.count ?? 0
      let values = (0..<classCount).compactMap { label -> Double? in
        let ratios = images.compactMap { $0[label] }
        guard !ratios.isEmpty else { return nil }
        // Counts of pixels: their sums are exact.
        return ratios.reduce(0) { $0 + $1.numerator } / ratios.reduce(0) { $0 + $1.denominator }
      }
      return values.isEmpty ? .undefined(.noForeground) : .finite(BlockSum.mean(values))
    })

  // MARK: Distances of edges

  static let boundaryF1 = byClass({ pair, parameters in
    if pair.truth.isEmpty || pair.prediction.isEmpty {
      return PixelRatio(numerator: 0, denominator: 1)
    }
    let tolerance =
      parameters.number("tolerance") ?? parameters.required("tolerance_ratio") * pair.diagonal
    let truth = pair.truth.edge()
    let prediction = pair.prediction.edge()
    func share(_ from: BitMatrix, _ to: BitMatrix) -> Double {
      let distances = pair.distances(from: from, to: to)
      let near = distances.reduce(0) { $0 + ($1 <= tolerance ? 1 : 0) }
      return Double(near) / Double(distances.count)
    }
    let precision = share(prediction, truth)
    let recall = share(truth, prediction)
    let sum = precision + recall
    return PixelRatio(numerator: sum > 0 ? 2 * precision * recall / sum : 0, denominator: 1)
  })

  static let hausdorff = surfaceDistance { pair, parameters in
    let truth = pair.truth.edge()
    let prediction = pair.prediction.edge()
    let percentile = parameters.required("percentile")
    return max(
      quantile(pair.distances(from: prediction, to: truth), percentile),
      quantile(pair.distances(from: truth, to: prediction), percentile))
  }

  static let averageDistance = surfaceDistance { pair, parameters in
    let truth = pair.truth.edge()
    let prediction = pair.prediction.edge()
    let forward = pair.distances(from: prediction, to: truth)
    switch parameters.text("symmetric") {
    case "pooled": return BlockSum.mean(forward + pair.distances(from: truth, to: prediction))
    case "mean":
      let backward = pair.distances(from: truth, to: prediction)
      return (BlockSum.mean(forward) + BlockSum.mean(backward)) / 2
    default: return BlockSum.mean(forward)
    }
  }

  private static func surfaceDistance(
    _ value: @escaping @Sendable (MaskPair, MetricParameters) -> Double
  ) -> Computation {
    byClass({ pair, parameters throws(MetricError) in
      guard pair.truth.isEmpty || pair.prediction.isEmpty else {
        return PixelRatio(numerator: value(pair, parameters), denominator: 1)
      }
      switch parameters.text("empty") {
      case "skip": return nil
      case "error":
        throw MetricError(
          .emptyMask, "a class occurs only in the truth or only in the prediction of an image")
      default: return PixelRatio(numerator: pair.diagonal, denominator: 1)
      }
    })
  }

  /// A percentile with linear interpolation between the ranks.
  private static func quantile(_ values: [Double], _ percentile: Double) -> Double {
    if percentile == 100 { return values.reduce(0, max) }
    let keys = SortKey.sorted(values)
    let position = percentile / 100 * Double(keys.count - 1)
    let lower = Int(position.rounded(.down))
    let upper = min(lower + 1, keys.count - 1)
    let first = SortKey.value(keys[lower])
    let second = SortKey.value(keys[upper])
    return first + (second - first) * (position - Double(lower))
  }
}
