import Metrics

/// How predictions are read.
public struct PredictionOptions: Sendable, Equatable {
  /// Which order the classes have.
  public var classOrder = ClassOrder.truth
  /// Whether losses that a model reports of itself are taken in place of predictions. Nobody can
  /// check them: fit for one's own machine, not for a leaderboard.
  public var allowsReportedLoss = false
  /// Whether scores in arrays are logits; they are probabilities otherwise.
  public var areLogits = false

  public init() {}

  /// The class order of the predictions' columns, as on one's own machine.
  public static let predictionColumns: PredictionOptions = {
    var options = PredictionOptions()
    options.classOrder = .predictionColumns
    return options
  }()
}

/// What the columns of a predictions table hold.
struct PredictionForm: Sendable {
  /// Columns that belong together.
  enum Group: Sendable, Equatable {
    /// One column per class or label.
    case probabilities, logits, cells, scores
    /// One column for the second of two classes.
    case score, binaryLogit
    case number, risk, event, probability, losses, counts
  }

  private(set) var key = RowPlan.Key.none
  private(set) var label: Int?
  /// The class order of the evaluation; nil where there are no classes.
  private(set) var classes: [String]?
  private(set) var numbers: [RowPlan.NumberColumn] = []
  private var groups: [(group: Group, range: Range<Int>)] = []

  init() {}

  init(
    _ header: TableHeader, _ dataset: Dataset, _ options: PredictionOptions
  ) throws(FormatError) {
    if options.allowsReportedLoss, header.names.contains("loss"), !header.names.contains("id") {
      try readReportedLoss(header)
      return
    }
    if case .series = dataset.truth {
      key = .point(
        series: try header.position("series"), timestamp: try header.position("timestamp"))
    } else {
      key = .id(try header.position("id"))
    }
    switch dataset.truth {
    case .labels: try readClasses(header, dataset, options)
    case .multilabel: try readLabels(header, dataset)
    case .targets:
      add(.number, [try header.position("prediction")], .finite)
      try onlyColumns(["id", "prediction"], header)
    case .series:
      add(.number, [try header.position("prediction")], .finite)
      try onlyColumns(["series", "timestamp", "prediction"], header)
    case .survival: try readSurvival(header)
    case .objects, .maps, .array:
      preconditionFailure("objects and arrays are no tables")
    }
  }

  /// Which of the numbers belong to a group.
  func range(of group: Group) -> Range<Int> {
    groups.first { $0.group == group }?.range ?? 0..<0
  }

  private mutating func add(_ group: Group, _ positions: [Int], _ rule: RowPlan.Rule) {
    guard !positions.isEmpty else { return }
    groups.append((group, numbers.count..<numbers.count + positions.count))
    numbers += positions.map { RowPlan.NumberColumn(position: $0, rule: rule) }
  }

  private mutating func readReportedLoss(_ header: TableHeader) throws(FormatError) {
    add(.losses, [try header.position("loss")], .finite)
    add(.counts, header.names.firstIndex(of: "count").map { [$0] } ?? [], .count)
    try onlyColumns(["loss", "count"], header)
  }

  private mutating func readSurvival(_ header: TableHeader) throws(FormatError) {
    let event = header.names.firstIndex(of: "event")
    let probability = header.names.firstIndex(of: "probability")
    var risk = header.names.firstIndex(of: "risk")
    if event == nil, probability == nil { risk = try header.position("risk") }
    add(.risk, risk.map { [$0] } ?? [], .finite)
    add(.event, event.map { [$0] } ?? [], .flag)
    add(.probability, probability.map { [$0] } ?? [], .probability)
    try onlyColumns(["id", "risk", "event", "probability"], header)
  }

  private func onlyColumns(_ known: [String], _ header: TableHeader) throws(FormatError) {
    guard let column = header.names.firstIndex(where: { !known.contains($0) }) else { return }
    throw unknown(column, header, "the column is unknown", known)
  }

  private func unknown(
    _ column: Int, _ header: TableHeader, _ message: String, _ known: [String]
  ) -> FormatError {
    FormatError(
      FormatProblem(
        .wrongHeader, line: header.line, column: column + 1, field: header.names[column], message,
        expected: "the columns \(known.joined(separator: ", "))"))
  }

  // MARK: Classes

  private typealias Named = (name: String, position: Int)

  /// Names that begin with a prefix, without it.
  private static func named(_ prefix: String, _ columns: [Named]) -> [Named] {
    columns.filter { $0.name.hasPrefix(prefix) }.map {
      (String($0.name.dropFirst(prefix.count)), $0.position)
    }
  }

  private mutating func readClasses(
    _ header: TableHeader, _ dataset: Dataset, _ options: PredictionOptions
  ) throws(FormatError) {
    var known = KeyTable()
    for name in dataset.classes { _ = known.insert(name) }
    // A class may be named as a special column is: then the column is the class's.
    var plain: [Named] = []
    var special: [Named] = []
    for (position, name) in header.names.enumerated() where name != "id" {
      let isSpecial = ["label", "score", "logit"].contains(name) || name.hasPrefix("logit:")
      if isSpecial, known.find(name) == nil || name == "label" {
        special.append((name, position))
      } else {
        plain.append((name, position))
      }
    }
    label = special.first { $0.name == "label" }?.position
    let logits = Self.named("logit:", special)
    let named = plain.isEmpty ? logits : plain
    let isFree = options.classOrder == .predictionColumns && !dataset.hasDeclaredClasses
    let order = isFree && !named.isEmpty ? named.map(\.name) : dataset.classes
    classes = order
    try addClasses(.probabilities, plain, order, dataset, header, .probability)
    try addClasses(.logits, logits, order, dataset, header, .finite)
    try addBinary(.score, special.first { $0.name == "score" }, order, header)
    try addBinary(.binaryLogit, special.first { $0.name == "logit" }, order, header)
    guard label == nil, numbers.isEmpty else { return }
    throw FormatError(
      FormatProblem(
        .wrongHeader, line: header.line, "there is neither a label nor a class column",
        expected: "a column label, or one column of probabilities per class"))
  }

  private mutating func addBinary(
    _ group: Group, _ column: Named?, _ classes: [String], _ header: TableHeader
  ) throws(FormatError) {
    guard let column else { return }
    guard classes.count == 2 else {
      throw unknown(
        column.position, header,
        "one column of scores is for two classes, and there are \(classes.count)", classes)
    }
    add(group, [column.position], .finite)
  }

  /// Binds columns to classes by name.
  private mutating func addClasses(
    _ group: Group, _ columns: [Named], _ classes: [String], _ dataset: Dataset,
    _ header: TableHeader, _ rule: RowPlan.Rule
  ) throws(FormatError) {
    guard !columns.isEmpty else { return }
    var table = KeyTable()
    for name in classes { _ = table.insert(name) }
    var positions = [Int](repeating: -1, count: classes.count)
    for (name, position) in columns {
      guard let index = table.find(name) else {
        throw FormatError(
          FormatProblem(
            .wrongHeader, line: header.line, column: position + 1, field: header.names[position],
            "the column is not one of the classes",
            expected: "the classes \(RowPlan.listed(classes))"))
      }
      positions[index] = position
    }
    let unbound = classes.indices.first { positions[$0] < 0 }.map { classes[$0] }
    if let missing = unbound ?? dataset.classes.first(where: { table.find($0) == nil }) {
      throw FormatError(
        FormatProblem(
          .wrongHeader, line: header.line, field: missing,
          "class \"\(missing)\" has no column of \(group == .logits ? "logits" : "probabilities")",
          expected: "one column for each of \(RowPlan.listed(dataset.classes))"))
    }
    add(group, positions, rule)
  }

  // MARK: Several labels

  private mutating func readLabels(
    _ header: TableHeader, _ dataset: Dataset
  ) throws(FormatError) {
    var known = KeyTable()
    for name in dataset.classes { _ = known.insert(name) }
    var cells: [Named] = []
    var special: [Named] = []
    for (position, name) in header.names.enumerated() where name != "id" {
      let isSpecial = name.hasPrefix("score:") || name.hasPrefix("logit:")
      if isSpecial, known.find(name) == nil {
        special.append((name, position))
      } else {
        cells.append((name, position))
      }
    }
    classes = nil
    let scores = Self.named("score:", special)
    try addClasses(.cells, cells, dataset.classes, dataset, header, .probability)
    try addClasses(.scores, scores, dataset.classes, dataset, header, .finite)
    let logits = Self.named("logit:", special)
    try addClasses(.logits, logits, dataset.classes, dataset, header, .finite)
    guard numbers.isEmpty else { return }
    throw FormatError(
      FormatProblem(
        .wrongHeader, line: header.line, "there is no column of a label",
        expected: "one column for each of \(RowPlan.listed(dataset.classes))"))
  }
}
