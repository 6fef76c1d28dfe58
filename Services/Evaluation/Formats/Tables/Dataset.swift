import Metrics

/// What a column of a table holds, as far as it was looked at.
public struct ColumnSummary: Sendable, Equatable {
  /// What the column is for.
  public enum Role: String, Sendable {
    case id, label, target, series, timestamp, time, event
    /// A further column: counted, not kept.
    case feature
  }

  /// The narrowest type that all values have.
  public enum ValueType: String, Sendable {
    case integer, number, text
    /// Every value is missing.
    case empty
  }

  public let name: String
  public let role: Role
  public let type: ValueType
  public let missingCount: Int
}

/// How many rows have a class.
public struct ClassCount: Sendable, Equatable {
  public let label: String
  public let count: Int
}

/// A truth or training set in memory, checked.
public struct Dataset: Sendable {
  public let task: MetricTask
  public let columns: [ColumnSummary]
  /// The classes: declared, or the sorted labels that occur; empty for other tasks.
  public let classes: [String]
  public let hasDeclaredClasses: Bool
  let keys: KeyTable
  let truth: Truth

  /// The true values, one per row.
  enum Truth: Sendable {
    /// Indices into `classes`.
    case labels([Int32])
    /// Row by row 0 or 1 for each of `classes`, several of which may be true of a row.
    case multilabel([UInt8])
    case targets([Double])
    case series(SeriesTable)
    case survival(time: [Double], event: [Bool])
    /// One row per image.
    case objects(COCOTruth)
    /// One row per image.
    case maps(NPYArray, ignoreIndex: Int32?)
    /// Labels or numbers; rows are matched by position.
    case array(NPYArray)
  }

  /// The points of several series.
  struct SeriesTable: Sendable {
    /// The names of the series, in order of first appearance.
    var names = KeyTable()
    /// For each row its series, its position in time, and its value.
    var series: [Int32] = []
    var times: [Double] = []
    var targets: [Double] = []

    /// The rows of each series, in time order.
    func rowsBySeries() -> [[Int]] {
      var rows = [[Int]](repeating: [], count: names.count)
      for (row, name) in series.enumerated() { rows[Int(name)].append(row) }
      return rows.map { $0.sorted { times[$0] < times[$1] } }
    }
  }

  /// The separator of series and timestamp in the id of a forecast row.
  public static let keySeparator: UInt8 = 0x1F

  public var rowCount: Int {
    if case .array(let array) = truth { array.shape.first ?? 0 } else { keys.count }
  }

  /// The id of a row. For forecasts: series, the unit separator U+001F, timestamp. For arrays: its
  /// position from 0.
  public func id(ofRow row: Int) -> String {
    if case .array = truth { String(row) } else { keys.text(row) }
  }

  /// The rows of each class, in class order; none for arrays.
  ///
  /// For objects: how many there are of each category.
  public var classCounts: [ClassCount] {
    var counts = [Int](repeating: 0, count: classes.count)
    switch truth {
    case .labels(let labels): for label in labels { counts[Int(label)] += 1 }
    case .objects(let coco): for category in coco.objectCategories { counts[Int(category)] += 1 }
    case .multilabel(let cells):
      for (index, cell) in cells.enumerated() { counts[index % classes.count] += Int(cell) }
    case .targets, .series, .survival, .maps, .array: return []
    }
    return zip(classes, counts).map { ClassCount(label: $0, count: $1) }
  }

  /// The classes as labels of the metrics: integers if all of them are written as such.
  var labels: [Label] { Self.labels(classes) }

  static func labels(_ classes: [String]) -> [Label] {
    let integers = classes.compactMap(canonicalInteger)
    guard integers.count == classes.count else { return classes.map(Label.text) }
    return integers.map(Label.integer)
  }

  /// Class indices that count in one list of classes as indices of another.
  static func renumbered(
    _ labels: [Int32], from old: [String], to classes: [String]
  ) -> [Int32] {
    var positions = KeyTable()
    for name in classes { _ = positions.insert(name) }
    let indices = old.map { Int32(positions.find($0) ?? 0) }
    if indices.elementsEqual(0..<Int32(indices.count)) { return labels }
    return labels.map { indices[Int($0)] }
  }

  /// Labels in the order of an undeclared class list: integers by value, others by UTF-8 bytes.
  static func sortedClasses(_ classes: [String]) -> [String] {
    labels(classes).sorted().map(\.description)
  }

  private static func canonicalInteger(_ text: String) -> Int64? {
    guard let value = Int64(text), String(value) == text else { return nil }
    return value
  }
}
