import Metrics

/// The true objects of a set of images.
struct COCOTruth: Sendable {
  /// Objects in the order of their file.
  enum Objects: Sendable {
    case boxes(COCOColumns<Box>)
    case masks(COCOColumns<RunLengthMask>)
    case annotations(COCOColumns<KeypointAnnotation>, KeypointLayout)
    case detectedKeypoints(COCOColumns<KeypointObject>)
    /// For each annotation of keypoints its prediction, nil if it has none.
    case predictedKeypoints([KeypointPrediction?])
  }

  let images: [COCOImage]
  /// Ids of the categories, ascending, and their names.
  let categories: [Int64]
  let names: [String]
  /// Ids of the annotations, if predictions may refer to them.
  let annotationIDs: [Int64?]
  let objects: Objects
}

/// Objects as columns.
struct COCOColumns<Geometry: Sendable>: Sendable {
  var geometries: [Geometry] = []
  /// Indices into the images and the categories of the truth.
  var images: [Int32] = []
  var categories: [Int32] = []
  var isCrowd: [Bool] = []
  /// NaN where none is written.
  var areas: [Double] = []
  /// Of results.
  var scores: [Double] = []

  var count: Int { geometries.count }

  /// The positions of the objects of each image, in the order of the file.
  func positions(imageCount: Int) -> (order: [Int32], starts: [Int]) {
    var starts = [Int](repeating: 0, count: imageCount + 1)
    for image in images { starts[Int(image) + 1] += 1 }
    for index in 1..<starts.count { starts[index] += starts[index - 1] }
    var next = starts
    var order = [Int32](repeating: 0, count: count)
    for (position, image) in images.enumerated() {
      order[next[Int(image)]] = Int32(position)
      next[Int(image)] += 1
    }
    return (order, starts)
  }
}

extension COCOTruth {
  /// The category of every object.
  var objectCategories: [Int32] {
    switch objects {
    case .boxes(let columns): columns.categories
    case .masks(let columns): columns.categories
    case .annotations(let columns, _): columns.categories
    case .detectedKeypoints(let columns): columns.categories
    case .predictedKeypoints: []
    }
  }

  /// Truth and results as the input of a metric.
  func input(_ results: Objects, images chosen: [Int]) throws(MetricError) -> MetricInput {
    let labels = categories.map(Label.integer)
    switch (objects, results) {
    case (.boxes(let truths), .boxes(let found)):
      let images = joined(truths, found, chosen, geometry: { $0 }, area: { $0.area })
      return .detection(try ObjectSet(categories: labels, images: images))
    case (.masks(let truths), .masks(let found)):
      let images = joined(truths, found, chosen, geometry: { $0 }, area: { Double($0.area) })
      return .instances(try ObjectSet(categories: labels, images: images))
    case (.annotations(let truths, let layout), .detectedKeypoints(let found)):
      let images = joined(
        truths, found, chosen,
        geometry: { KeypointObject(keypoints: $0.keypoints, box: $0.box) }, area: { _ in nil })
      return .keypointDetection(
        KeypointDetections(
          keypointCount: layout.count,
          objects: try ObjectSet(categories: labels, images: images)))
    case (.annotations(let truths, let layout), .predictedKeypoints(let predictions)):
      return .keypoints(instances(truths, predictions, layout, chosen))
    default: preconditionFailure("results are read for the truth that they are joined with")
    }
  }

  private func joined<True, Geometry: Sendable & Equatable>(
    _ truths: COCOColumns<True>, _ found: COCOColumns<Geometry>, _ chosen: [Int],
    geometry: (True) -> Geometry, area: (True) -> Double?
  ) -> [ObjectImage<Geometry>] {
    let (trueOrder, trueStarts) = truths.positions(imageCount: images.count)
    let (order, starts) = found.positions(imageCount: images.count)
    return chosen.map { index in
      let own = trueOrder[trueStarts[index]..<trueStarts[index + 1]]
      let results = order[starts[index]..<starts[index + 1]]
      let areas = own.map { position -> Double? in
        let written = truths.areas[Int(position)]
        return written.isNaN ? area(truths.geometries[Int(position)]) : written
      }
      return ObjectImage(
        truths: own.map { geometry(truths.geometries[Int($0)]) },
        truthCategories: own.map { truths.categories[Int($0)] },
        isCrowd: own.map { truths.isCrowd[Int($0)] },
        areas: areas.contains(nil) ? nil : areas.compactMap { $0 },
        predictions: results.map { found.geometries[Int($0)] },
        predictedCategories: results.map { found.categories[Int($0)] },
        scores: results.map { found.scores[Int($0)] })
    }
  }

  /// The annotated objects of the chosen images, image by image; crowds are no instances.
  private func instances(
    _ truths: COCOColumns<KeypointAnnotation>, _ predictions: [KeypointPrediction?],
    _ layout: KeypointLayout, _ chosen: [Int]
  ) -> KeypointInstances {
    let (order, starts) = truths.positions(imageCount: images.count)
    let instances = chosen.flatMap { index in
      order[starts[index]..<starts[index + 1]].compactMap { position -> KeypointInstance? in
        let position = Int(position)
        guard !truths.isCrowd[position] else { return nil }
        let truth = truths.geometries[position]
        let area = truths.areas[position]
        let prediction = predictions[position]
        return KeypointInstance(
          truth: truth.keypoints, prediction: prediction?.coordinates, box: truth.box,
          area: area.isNaN ? nil : area, headBox: truth.headBox,
          predictedVisibility: prediction?.visibility,
          visibilityProbability: prediction?.visibilityProbability)
      }
    }
    return KeypointInstances(
      keypointCount: layout.count, dimensions: layout.dimensions, instances: instances)
  }
}
