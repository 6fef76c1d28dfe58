/// The labels of an array with one for each row.
struct RowLabels {
  private static let part = 1 << 16
  private let array: NPYArray

  init(_ array: NPYArray) { self.array = array }

  /// One more than the largest label.
  var limit: Int {
    var largest: Int64 = 0
    forEachPart { _, labels in largest = max(largest, labels.max() ?? 0) }
    return Int(min(largest, Int64.max - 1)) + 1
  }

  /// Throws unless every label is a class; `classCount` is nil without declaration, when a truth's
  /// labels count from 0 and no file may have too many of them.
  func check(
    classCount: Int?, isTruth: Bool, _ limits: FormatLimits
  ) throws(FormatError) {
    let lowest: Int64 = isTruth || classCount != nil ? 0 : .min
    let highest = classCount.map { Int64($0) - 1 } ?? .max
    var bad: (row: Int, label: Int64)?
    var distinct: Set<Int64> = []
    var last: Int64?
    forEachPart { start, labels in
      guard bad == nil, distinct.count <= limits.maximumClasses else { return }
      if let row = labels.firstIndex(where: { $0 < lowest || $0 > highest }) {
        bad = (start + row, labels[row])
      } else if classCount == nil {
        for label in labels where label != last {
          last = label
          if distinct.insert(label).inserted, distinct.count > limits.maximumClasses { return }
        }
      }
    }
    if let bad {
      throw FormatError(
        FormatProblem(
          .unknownLabel, "row \(bad.row) has label \(bad.label)",
          expected: classCount.map { "a class from 0 to \($0 - 1)" } ?? "a class from 0"))
    }
    if distinct.count > limits.maximumClasses { throw Self.tooManyClasses(limits) }
  }

  private func forEachPart(_ body: (_ start: Int, _ labels: [Int64]) -> Void) {
    for start in stride(from: 0, to: array.count, by: Self.part) {
      let end = min(start + Self.part, array.count)
      body(start, array.integers(start..<end, as: Int64.self))
    }
  }

  // MARK: Problems

  static func tooManyClasses(_ limits: FormatLimits) -> FormatError {
    FormatError(
      FormatProblem(
        .limitExceeded, "there are too many classes",
        expected: "at most \(limits.maximumClasses) classes"))
  }

  /// Says no more of the truth than that it has more classes.
  static func tooFewColumns(_ count: Int) -> FormatError {
    FormatError(
      FormatProblem(
        .shapeMismatch,
        count == 1
          ? "the array has one score a row, as for two classes; the truth has more"
          : "the array has scores of \(count) classes; the truth has more",
        expected: "scores of all classes of the truth"))
  }
}
