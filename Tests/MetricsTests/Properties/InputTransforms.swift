import Metrics

/// Changes to an input under which rows are known to keep their value, or to change it simply.
extension MetricInput {
  /// Truth and prediction in each other's place; nil where they are not of the same form.
  func swapped() throws -> MetricInput? {
    switch self {
    case .labels(let columns):
      return .labels(
        try LabelColumns(
          classes: columns.classes, truth: columns.prediction, prediction: columns.truth))
    case .multilabel(let columns):
      return .multilabel(
        MultilabelColumns(
          width: columns.width, truth: columns.prediction, prediction: columns.truth))
    case .segmentation(let maps):
      return .segmentation(
        try SegmentationMaps(
          classCount: maps.classCount, spacing: [maps.rowSpacing, maps.columnSpacing],
          images: maps.images.map { image in
            SegmentationImage(
              height: image.height, width: image.width, truth: image.prediction,
              prediction: image.truth)
          }))
    default: return nil
    }
  }

  /// Pixels that count nowhere made class 0 on both sides.
  func withoutIgnored() throws -> MetricInput {
    guard case .segmentation(let maps) = self else { return self }
    return .segmentation(
      try SegmentationMaps(
        classCount: maps.classCount, spacing: [maps.rowSpacing, maps.columnSpacing],
        images: maps.images.map { image in
          SegmentationImage(
            height: image.height, width: image.width,
            truth: image.truth.map { $0 == maps.ignoreIndex ? 0 : $0 },
            prediction: image.prediction)
        }))
  }

  /// Classes with other names; `order[i]` is the new position of class i.
  func relabelled(_ names: [Label], order: [Int]) throws -> MetricInput? {
    let classes = order.indices.map { position in names[order.firstIndex(of: position) ?? 0] }
    func moved(_ labels: [Int32]) -> [Int32] { labels.map { Int32(order[Int($0)]) } }
    func moved(_ columns: ClassScores) throws -> ClassScores {
      let width = columns.classes.count
      var scores = columns.scores
      for cell in columns.scores.indices {
        scores[cell / width * width + order[cell % width]] = columns.scores[cell]
      }
      return try ClassScores(classes: classes, truth: moved(columns.truth), scores: scores)
    }
    switch self {
    case .labels(let columns):
      return .labels(
        try LabelColumns(
          classes: classes, truth: moved(columns.truth), prediction: moved(columns.prediction)))
    case .probabilities(let columns): return .probabilities(try moved(columns))
    case .logits(let columns): return .logits(try moved(columns))
    default: return nil
    }
  }

  /// Every score replaced by what a strictly increasing function gives for it; nil where scores
  /// are not free numbers.
  func transformed(_ increasing: (Double) -> Double) throws -> MetricInput? {
    switch self {
    case .logits(let columns):
      return .logits(
        try ClassScores(
          classes: columns.classes, truth: columns.truth, scores: columns.scores.map(increasing)))
    case .binaryScores(let columns):
      return .binaryScores(
        try BinaryScores(
          classes: columns.classes, truth: columns.truth, scores: columns.scores.map(increasing)))
    case .multilabelScores(let columns):
      return .multilabelScores(
        MultilabelScores(
          width: columns.width, truth: columns.truth, scores: columns.scores.map(increasing)))
    case .survival(let columns):
      return .survival(
        SurvivalColumns(
          event: columns.event, time: columns.time, risk: columns.risk.map(increasing)))
    default: return nil
    }
  }

  /// All coordinates times a factor; nil where there are none.
  func scaled(by factor: Double) throws -> MetricInput? {
    func scaled(_ box: Box) -> Box {
      Box(
        x: box.x * factor, y: box.y * factor, width: box.width * factor,
        height: box.height * factor)
    }
    switch self {
    case .detection(let set):
      return .detection(
        try ObjectSet(
          categories: set.categories,
          images: set.images.map { image in
            ObjectImage(
              truths: image.truths.map(scaled), truthCategories: image.truthCategories,
              isCrowd: image.isCrowd, areas: image.areas?.map { $0 * factor * factor },
              predictions: image.predictions.map(scaled),
              predictedCategories: image.predictedCategories, scores: image.scores)
          }))
    case .keypoints(let columns):
      return .keypoints(
        KeypointInstances(
          keypointCount: columns.keypointCount,
          instances: columns.instances.map { instance in
            KeypointInstance(
              truth: instance.truth.enumerated().map { $0 % 3 == 2 ? $1 : $1 * factor },
              prediction: instance.prediction?.map { $0 * factor }, box: instance.box.map(scaled),
              area: instance.area.map { $0 * factor * factor },
              headBox: instance.headBox.map(scaled),
              predictedVisibility: instance.predictedVisibility)
          }))
    case .segmentation(let maps):
      return .segmentation(
        try SegmentationMaps(
          classCount: maps.classCount, ignoreIndex: maps.ignoreIndex,
          spacing: [maps.rowSpacing * factor, maps.columnSpacing * factor], images: maps.images))
    default: return nil
    }
  }
}
