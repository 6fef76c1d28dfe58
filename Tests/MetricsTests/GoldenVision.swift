import Metrics

/// Reads the image inputs of golden cases.
enum GoldenVision {
  // MARK: Objects

  static func objects(_ json: JSONValue, _ kind: InputKind) throws -> MetricInput {
    let categories = try json.required("categories").labels()
    let images = try json.required("images").entries()
    switch kind {
    case .detection:
      let format = try BoxFormat(name: json["box_format"]?.string() ?? "xywh")
      return .detection(
        try ObjectSet(
          categories: categories,
          images: images.map { image in
            try objectImage(image, categories) { side in
              try side.required("boxes").entries().map { try Box($0.doubles(), format: format) }
            }
          }))
    case .instances:
      return .instances(
        try ObjectSet(
          categories: categories,
          images: images.map { image in
            let (height, width) = try size(image)
            return try objectImage(image, categories) { side in
              try side.required("masks").entries().map {
                try RunLengthMask(
                  height: height, width: width, runs: $0.integers())
              }
            }
          }))
    default:
      return .keypointDetection(
        KeypointDetections(
          keypointCount: Int(try json.required("num_keypoints").integer()),
          objects: try ObjectSet(
            categories: categories,
            images: images.map { try objectImage($0, categories, keypointObjects) })))
    }
  }

  private static func keypointObjects(_ side: JSONValue) throws -> [KeypointObject] {
    let boxes = try side["boxes"]?.entries().map { try Box($0.doubles()) }
    return try side.required("keypoints").entries().enumerated().map { index, keypoints in
      KeypointObject(
        keypoints: try keypoints.doubles(),
        box: boxes.flatMap { index < $0.count ? $0[index] : nil })
    }
  }

  private static func objectImage<Geometry>(
    _ image: JSONValue, _ categories: [Label], _ geometries: (JSONValue) throws -> [Geometry]
  ) throws -> ObjectImage<Geometry> {
    let truth = try image.required("gt")
    let prediction = try image.required("pred")
    return ObjectImage(
      truths: try geometries(truth),
      truthCategories: try categoryIndices(
        truth.required("categories").labels(), in: categories),
      isCrowd: try truth["iscrowd"]?.bools(), areas: try truth["areas"]?.doubles(),
      predictions: try geometries(prediction),
      predictedCategories: try categoryIndices(
        prediction.required("categories").labels(), in: categories),
      scores: try prediction.required("scores").doubles())
  }

  // MARK: Pixels

  static func maps(_ json: JSONValue) throws -> SegmentationMaps {
    try SegmentationMaps(
      classCount: Int(json.required("num_classes").integer()),
      ignoreIndex: json["ignore_index"].map { Int32(try $0.integer()) },
      spacing: json["spacing"]?.doubles() ?? [1, 1],
      images: json.required("images").entries().map { image in
        let (height, width) = try size(image)
        return SegmentationImage(
          height: height, width: width,
          truth: try LabelMap.pixels(
            runs: image.required("true").integers(), height: height, width: width),
          prediction: try LabelMap.pixels(
            runs: image.required("pred").integers(), height: height, width: width))
      })
  }

  static func scores(_ json: JSONValue) throws -> SegmentationScores {
    SegmentationScores(
      classCount: Int(try json.required("num_classes").integer()),
      ignoreIndex: try json["ignore_index"].map { Int32(try $0.integer()) },
      images: try json.required("images").entries().map { image in
        let (height, width) = try size(image)
        let probabilities = try image["proba"]?.doubles()
        return ScoredImage(
          height: height, width: width,
          truth: try LabelMap.pixels(
            runs: image.required("true").integers(), height: height, width: width),
          scores: try probabilities ?? image.required("logits").doubles(),
          areProbabilities: probabilities != nil)
      })
  }

  private static func size(_ image: JSONValue) throws -> (Int, Int) {
    let size = try image.required("size").integers()
    guard size.count == 2 else { throw CorpusError("a size has two numbers") }
    return (Int(size[0]), Int(size[1]))
  }

  // MARK: Keypoints

  static func keypoints(_ json: JSONValue) throws -> KeypointInstances {
    KeypointInstances(
      keypointCount: Int(try json.required("num_keypoints").integer()),
      dimensions: Int(try json["dims"]?.integer() ?? 2),
      instances: try json.required("instances").entries().map { instance in
        KeypointInstance(
          truth: try instance.required("gt").doubles(),
          prediction: try optional(instance["pred"]) { try $0.doubles() },
          box: try optional(instance["box"]) { try Box($0.doubles()) },
          area: try optional(instance["area"]) { try $0.double() },
          headBox: try optional(instance["head_box"]) { try Box($0.doubles()) },
          predictedVisibility: try optional(instance["pred_visibility"]) { try $0.doubles() },
          visibilityProbability: try optional(instance["visibility_probability"]) {
            try $0.doubles()
          })
      })
  }

  private static func optional<Value>(
    _ json: JSONValue?, _ read: (JSONValue) throws -> Value
  ) throws -> Value? {
    guard let json else { return nil }
    if case .null = json { return nil }
    return try read(json)
  }
}
