/// Prints any message as JSON, by the rules of proto3's JSON mapping.
///
/// 64-bit integers are strings, bytes base64, enums their names, `Timestamp` RFC 3339, `Duration`
/// seconds with an "s" and `FieldMask` its paths; fields at their default are left out unless asked
/// for. `Any` is printed as the two fields that it has, since its type may not be known here.
public struct JSONPrinter: Sendable {
  /// Whether to break lines and indent by two spaces.
  public var isPretty: Bool
  /// Whether to print fields without presence that are at their default.
  public var includesDefaults: Bool
  /// Whether to use the schema's field names, "display_name" in place of "displayName".
  public var usesProtoNames: Bool

  public init(isPretty: Bool = true, includesDefaults: Bool = false, usesProtoNames: Bool = false) {
    self.isPretty = isPretty
    self.includesDefaults = includesDefaults
    self.usesProtoNames = usesProtoNames
  }

  /// The message, for reading: a well-known type whose value JSON has no form for (a Timestamp
  /// beyond the year 9999) is printed field by field.
  public func print(_ message: some Message) -> String {
    var output = JSONOutput(printer: self)
    output.writeMessage(message)
    return output.text
  }

  /// The message, for other programs: what JSON has no form for is an error.
  public func strictlyPrint(_ message: some Message) throws(JSONPrinterError) -> String {
    var output = JSONOutput(printer: self)
    output.writeMessage(message)
    if let type = output.inexpressible { throw .outOfRange(type: type) }
    return output.text
  }
}

/// Why a message cannot be printed as JSON.
public enum JSONPrinterError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The value of a well-known type, by full proto name, is not one that its JSON form can say.
  case outOfRange(type: String)

  public var description: String {
    switch self {
    case .outOfRange(let type): "a \(type) is out of the range that its JSON form has"
    }
  }
}

/// The JSON so far and where in it the writer stands.
struct JSONOutput: FieldVisitor {
  let printer: JSONPrinter
  var text = ""
  /// The first type of which there was a value that its JSON form cannot say.
  private(set) var inexpressible: String?
  private var depth = 0
  /// Whether the innermost object or array has an element already.
  private var hasElement = false
  /// Set while a message is shown that stands for its only field; see `writeMessage`.
  private var isTransparent = false

  init(printer: JSONPrinter) { self.printer = printer }

  // MARK: Structure

  mutating func writeMessage<M: Message>(_ message: M) {
    switch WellKnownJSON.form(of: message) {
    case .literal(let literal):
      text += literal
    case .object:
      nest("{", "}") { message.visit(&$0) }
    case .inexpressible:
      inexpressible = inexpressible ?? M.protoName
      nest("{", "}") { message.visit(&$0) }
    case .onlyField(let absent):
      // A wrapper, Value, ListValue or Struct: printed as its one field would be.
      let outer = (isTransparent, text.utf8.count)
      isTransparent = true
      message.visit(&self)
      isTransparent = outer.0
      if text.utf8.count == outer.1 { text += absent }
    }
  }

  private mutating func nest(
    _ open: String, _ close: String, _ body: (inout JSONOutput) -> Void
  ) {
    let outer = (hasElement, isTransparent)
    text += open
    depth += 1
    (hasElement, isTransparent) = (false, false)
    body(&self)
    depth -= 1
    if hasElement { breakLine() }
    (hasElement, isTransparent) = outer
    text += close
  }

  private mutating func breakLine() {
    guard printer.isPretty else { return }
    text += "\n"
    text += String(repeating: "  ", count: depth)
  }

  private mutating func beginElement() {
    if hasElement { text += "," }
    hasElement = true
    breakLine()
  }

  private mutating func writeKey(_ key: String) {
    beginElement()
    JSONText.append(key, to: &text)
    text += printer.isPretty ? ": " : ":"
  }

  private mutating func writeName(_ field: FieldName) {
    guard !isTransparent else { return }
    writeKey((printer.usesProtoNames ? field.proto : field.json).description)
  }

  // MARK: Fields

  mutating func visitScalar(_ field: FieldName, _ value: ScalarValue, hasPresence: Bool) {
    guard hasPresence || isTransparent || printer.includesDefaults || !value.isDefault else {
      return
    }
    writeName(field)
    JSONText.append(value, to: &text)
  }

  mutating func visitMessage<M: Message>(_ field: FieldName, _ value: M) {
    writeName(field)
    writeMessage(value)
  }

  mutating func visitRepeated(_ field: FieldName, _ values: [ScalarValue]) {
    writeList(field, values) { JSONText.append($1, to: &$0.text) }
  }

  mutating func visitRepeated<M: Message>(_ field: FieldName, _ values: [M]) {
    writeList(field, values) { $0.writeMessage($1) }
  }

  mutating func visitMap(_ field: FieldName, _ entries: [(key: ScalarValue, value: ScalarValue)]) {
    writeObject(field, entries) { JSONText.append($1, to: &$0.text) }
  }

  mutating func visitMap<M: Message>(
    _ field: FieldName, _ entries: [(key: ScalarValue, value: M)]
  ) {
    writeObject(field, entries) { $0.writeMessage($1) }
  }

  private mutating func writeList<T>(
    _ field: FieldName, _ values: [T], _ write: (inout JSONOutput, T) -> Void
  ) {
    guard !values.isEmpty || isTransparent || printer.includesDefaults else { return }
    writeName(field)
    nest("[", "]") { output in
      for value in values {
        output.beginElement()
        write(&output, value)
      }
    }
  }

  private mutating func writeObject<T>(
    _ field: FieldName, _ entries: [(key: ScalarValue, value: T)],
    _ write: (inout JSONOutput, T) -> Void
  ) {
    guard !entries.isEmpty || isTransparent || printer.includesDefaults else { return }
    writeName(field)
    nest("{", "}") { output in
      for (key, value) in entries {
        output.writeKey(JSONText.key(key))
        write(&output, value)
      }
    }
  }
}
