/// The first line of a table.
struct TableHeader: Sendable {
  let line: Int
  let names: [String]

  /// The position of a column that must exist.
  func position(_ name: String) throws(FormatError) -> Int {
    if let position = names.firstIndex(where: { $0.utf8.elementsEqual(name.utf8) }) {
      return position
    }
    throw FormatError(
      FormatProblem(
        .wrongHeader, line: line, field: name,
        "there is no column \(name); the columns are \(names.joined(separator: ", "))",
        expected: "a header line with the column \(name)"))
  }
}

/// What a table's rows hold, by column: all that is needed to read any of its rows without the
/// others.
struct RowPlan: Sendable {
  /// What names a row.
  enum Key: Sendable, Equatable {
    /// Nothing: rows count in the order of the file.
    case none
    case id(Int)
    case point(series: Int, timestamp: Int)
  }

  /// What a number must be.
  enum Rule: Sendable, Equatable {
    case finite
    case atLeast(Double)
    /// From 0 to 1.
    case probability
    /// `0`, `1`, `true` or `false`.
    case flag
    /// The same, in a table of several labels.
    case indicator
    /// A whole number from 1.
    case count
  }

  struct NumberColumn: Sendable {
    let position: Int
    let rule: Rule
  }

  let header: TableHeader
  let key: Key
  /// The rows that are predicted; nil for a table that names rows itself.
  var truth: KeyTable?
  /// The column of class labels.
  var label: Int?
  /// The classes that labels must be of; nil if every label is a class.
  var classes: [String]?
  var numbers: [NumberColumn] = []
  /// Which of the numbers sum to 1.
  var sums = 0..<0
  /// Whether each column's type and missing values are wanted.
  var isSummarised = false

  /// What a label should have been, for messages.
  var expectedLabel: String {
    guard let classes else { return "a label" }
    if truth == nil { return "one of the \(classes.count) declared classes" }
    return "one of " + Self.listed(classes)
  }

  static func listed(_ names: [String]) -> String {
    names.prefix(20).joined(separator: ", ") + (names.count > 20 ? ", …" : "")
  }
}

/// What the rows of one block hold: one entry per record in each column that the plan names.
///
/// A record with problems has entries too, of no meaning: a file with problems is not used.
struct TablePiece: Sendable {
  /// The line of each record, the block's first being 0.
  var lines: [Int32] = []
  /// How many lines the block has.
  var lineCount = 0
  /// The names of the rows, if the table names them; empty where there is none.
  var keys = KeyList()
  /// The rows of the truth that are predicted; -1 where there is none.
  var truthRows: [Int32] = []
  /// Whether each of those is the one behind the one before.
  var isInOrder = true
  /// Class indices: of the known classes, else of `labelNames`.
  var labels: [Int32] = []
  var labelNames = KeyTable()
  /// The record in which each label first appears.
  var labelRecords: [Int32] = []
  var seriesNames = KeyTable()
  var series: [Int32] = []
  var times: [Double] = []
  /// How each timestamp is written; nil if it is none.
  var styles: [Timestamp.Style?] = []
  /// Row by row, one entry for each of the plan's number columns.
  var numbers: [Double] = []
  var summaries: [ColumnState] = []
  /// Problems of single records, in the order of the file.
  var problems: [(record: Int, problem: FormatProblem)] = []
  /// Why nothing behind these records could be read.
  var failure: FormatError?

  var count: Int { lines.count }
}

/// Byte strings with their hashes.
struct KeyList: Sendable {
  private(set) var bytes: [UInt8] = []
  private(set) var ends: [Int] = []
  private(set) var hashes: [UInt32] = []

  mutating func append(_ key: UnsafeBufferPointer<UInt8>) {
    bytes.append(contentsOf: key)
    ends.append(bytes.count)
    hashes.append(KeyHash.of(UnsafeRawBufferPointer(key)))
  }

  func range(_ index: Int) -> Range<Int> { (index == 0 ? 0 : ends[index - 1])..<ends[index] }

  func text(_ index: Int) -> String { String(decoding: bytes[range(index)], as: UTF8.self) }
}

/// What was seen of a column so far.
struct ColumnState: Sendable {
  /// Each type holds all values of those before it.
  private enum Kind: Int { case empty, integer, number, text }

  private var kind = Kind.empty
  private(set) var missingCount = 0

  var type: ColumnSummary.ValueType {
    switch kind {
    case .empty: .empty
    case .integer: .integer
    case .number: .number
    case .text: .text
    }
  }

  @inline(__always)
  mutating func add(_ bytes: UnsafeBufferPointer<UInt8>) {
    guard !bytes.isEmpty else {
      missingCount += 1
      return
    }
    if kind != .text { widen(bytes) }
  }

  private mutating func widen(_ bytes: UnsafeBufferPointer<UInt8>) {
    let isNegative = bytes[0] == UInt8(ascii: "-")
    let digits = bytes.dropFirst(isNegative ? 1 : 0)
    if !digits.isEmpty, digits.allSatisfy({ $0 &- UInt8(ascii: "0") <= 9 }) {
      if kind == .empty { kind = .integer }
    } else {
      kind = NumberParser.double(bytes) == nil ? .text : .number
    }
  }

  mutating func merge(_ other: ColumnState) {
    missingCount += other.missingCount
    if other.kind.rawValue > kind.rawValue { kind = other.kind }
  }
}
