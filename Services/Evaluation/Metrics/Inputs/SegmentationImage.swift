/// True and predicted classes of the pixels of one image, in the narrowest form that holds both.
public struct SegmentationImage: Sendable, Equatable {
  public let height: Int
  public let width: Int
  let labels: LabelPair

  /// Rows one after another, height × width pixels of truth and prediction.
  public init(height: Int, width: Int, truth: [Int32], prediction: [Int32]) {
    self.init(height: height, width: width, labels: LabelPair(truth, prediction))
  }

  /// The same from labels that are stored in a byte; they are taken as they are.
  public init(height: Int, width: Int, truth: [UInt8], prediction: [UInt8]) {
    self.init(height: height, width: width, labels: .bytes(truth, prediction))
  }

  /// The same from labels that are stored in two bytes; they are taken as they are.
  public init(height: Int, width: Int, truth: [UInt16], prediction: [UInt16]) {
    self.init(height: height, width: width, labels: .shorts(truth, prediction))
  }

  private init(height: Int, width: Int, labels: LabelPair) {
    self.height = height
    self.width = width
    self.labels = labels
  }

  /// The labels, converted anew with every call.
  public var truth: [Int32] { labels.truth }
  public var prediction: [Int32] { labels.prediction }
}

/// Labels of truth and prediction: in a byte, in two bytes, or as bit patterns of Int32.
///
/// Counting pixels is bound by reading them; a byte a pixel is read four times as fast as four.
enum LabelPair: Sendable, Equatable {
  case bytes([UInt8], [UInt8])
  case shorts([UInt16], [UInt16])
  case wide([UInt32], [UInt32])

  init(_ truth: [Int32], _ prediction: [Int32]) {
    var largest: UInt32 = 0
    for label in truth { largest = max(largest, UInt32(bitPattern: label)) }
    for label in prediction { largest = max(largest, UInt32(bitPattern: label)) }
    if largest <= UInt8.max {
      self = .bytes(Self.narrowed(truth), Self.narrowed(prediction))
    } else if largest <= UInt16.max {
      self = .shorts(Self.narrowed(truth), Self.narrowed(prediction))
    } else {
      self = .wide(Self.narrowed(truth), Self.narrowed(prediction))
    }
  }

  private static func narrowed<Pixel: FixedWidthInteger>(_ labels: [Int32]) -> [Pixel] {
    labels.map { Pixel(truncatingIfNeeded: $0) }
  }

  /// The numbers of pixels.
  var counts: (truth: Int, prediction: Int) {
    switch self {
    case .bytes(let truth, let prediction): (truth.count, prediction.count)
    case .shorts(let truth, let prediction): (truth.count, prediction.count)
    case .wide(let truth, let prediction): (truth.count, prediction.count)
    }
  }

  var truth: [Int32] {
    switch self {
    case .bytes(let truth, _): truth.map(Int32.init)
    case .shorts(let truth, _): truth.map(Int32.init)
    case .wide(let truth, _): truth.map(Int32.init(bitPattern:))
    }
  }

  var prediction: [Int32] {
    switch self {
    case .bytes(_, let prediction): prediction.map(Int32.init)
    case .shorts(_, let prediction): prediction.map(Int32.init)
    case .wide(_, let prediction): prediction.map(Int32.init(bitPattern:))
    }
  }

  /// Runs generic code on the labels as they are stored.
  func withPixels<Body: LabelBody>(_ body: Body) -> Body.Result {
    switch self {
    case .bytes(let truth, let prediction): Self.call(body, truth, prediction)
    case .shorts(let truth, let prediction): Self.call(body, truth, prediction)
    case .wide(let truth, let prediction): Self.call(body, truth, prediction)
    }
  }

  private static func call<Body: LabelBody, Pixel: LabelPixel>(
    _ body: Body, _ truth: [Pixel], _ prediction: [Pixel]
  ) -> Body.Result {
    truth.withUnsafeBufferPointer { truth in
      prediction.withUnsafeBufferPointer { prediction in
        body.run(Labels(truth: truth, prediction: prediction))
      }
    }
  }
}

/// A form in which labels are stored.
protocol LabelPixel: FixedWidthInteger, UnsignedInteger {}

extension UInt8: LabelPixel {}
extension UInt16: LabelPixel {}
extension UInt32: LabelPixel {}

/// Labels in one of their forms.
struct Labels<Pixel: LabelPixel> {
  let truth: UnsafeBufferPointer<Pixel>
  let prediction: UnsafeBufferPointer<Pixel>

  /// A label as it is stored; nil if this form cannot hold it, so that no pixel has it.
  static func stored(_ label: Int32?) -> Pixel? {
    label.flatMap { Pixel(exactly: UInt32(bitPattern: $0)) }
  }
}

/// Code that runs on labels in any form.
protocol LabelBody {
  associatedtype Result
  func run<Pixel: LabelPixel>(_ labels: Labels<Pixel>) -> Result
}
