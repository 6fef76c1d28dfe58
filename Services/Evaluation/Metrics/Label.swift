/// A class label: a string or a 64-bit integer.
///
/// Two texts are equal iff their UTF-8 bytes are equal. `String`'s own equality, which joins
/// canonically equivalent spellings, would merge classes that a file keeps apart.
public enum Label: Sendable, Hashable, Comparable, CustomStringConvertible {
  case integer(Int64)
  case text(String)

  public static func == (left: Label, right: Label) -> Bool {
    switch (left, right) {
    case (.integer(let a), .integer(let b)): a == b
    case (.text(let a), .text(let b)): a.utf8.elementsEqual(b.utf8)
    default: false
    }
  }

  public func hash(into hasher: inout Hasher) {
    switch self {
    case .integer(let value):
      hasher.combine(value)
    case .text(let text):
      for byte in text.utf8 { hasher.combine(byte) }
      hasher.combine(0xFF as UInt8)
    }
  }

  /// Integers numerically, texts by UTF-8 bytes, integers before texts.
  public static func < (left: Label, right: Label) -> Bool {
    switch (left, right) {
    case (.integer(let a), .integer(let b)): a < b
    case (.text(let a), .text(let b)): a.utf8.lexicographicallyPrecedes(b.utf8)
    case (.integer, .text): true
    case (.text, .integer): false
    }
  }

  public var description: String {
    switch self {
    case .integer(let value): String(value)
    case .text(let text): text
    }
  }

  var isText: Bool {
    if case .text = self { true } else { false }
  }
}

/// A class list and the position of each class in it.
struct ClassIndex {
  let classes: [Label]
  private let positions: [Label: Int32]

  init(_ classes: [Label]) throws(MetricError) {
    var positions: [Label: Int32] = [:]
    for (index, label) in classes.enumerated() {
      guard positions.updateValue(Int32(index), forKey: label) == nil else {
        throw MetricError(
          .duplicateClass, at: "classes[\(index)]", "\"\(label)\" is declared twice")
      }
    }
    self.classes = classes
    self.positions = positions
  }

  /// The class index of each label; a label that is not declared is an error.
  func encode(_ labels: [Label], field: String) throws(MetricError) -> [Int32] {
    var indices: [Int32] = []
    indices.reserveCapacity(labels.count)
    for (row, label) in labels.enumerated() {
      guard let index = positions[label] else {
        throw MetricError(
          .unknownLabel, at: "\(field)[\(row)]", "\"\(label)\" is not a declared class")
      }
      indices.append(index)
    }
    return indices
  }

  /// The sorted union of labels, which must be all integers or all texts.
  static func union(_ columns: [[Label]]) throws(MetricError) -> [Label] {
    var seen: Set<Label> = []
    for column in columns { seen.formUnion(column) }
    let sorted = seen.sorted()
    if let first = sorted.first, let last = sorted.last, first.isText != last.isText {
      throw MetricError(
        .mixedLabelTypes, "labels are partly integers (\(first)) and partly texts (\(last))")
    }
    return sorted
  }
}
