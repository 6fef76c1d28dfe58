// The statements that a field adds to each method of its message.

extension Field {
  // MARK: encodedSize

  var sizeStatement: String {
    switch shape {
    case .plain(let element):
      return "if \(element.isSet(property)) { size += \(sum(element.size(property))) }"
    case .optional(let element):
      return presence(element, of: property) { "size += \(sum(element.size($0)))" }
    case .boxed(let element):
      return "if let value = self._\(name)?.value { size += \(sum(element.size("value"))) }"
    case .member(let element, let oneof, _):
      return memberCase(element, oneof) { "size += \(sum(element.size($0)))" }
    case .repeated(let element, let isPacked):
      let function = isPacked ? "packed" : "repeated"
      return "size += WireSize.\(function)(\(element.kind).self, tagSize: \(tagSize), \(property))"
    case .map(let key, let value):
      return "size += WireSize.map(\(key.keyKind).self, \(value.kind).self, tagSize: \(tagSize), "
        + "\(entries(by: key)))"
    }
  }

  private func sum(_ size: String) -> String {
    Int(size).map { String($0 + tagSize) } ?? "\(tagSize) + \(size)"
  }

  // MARK: encode

  var encodeStatement: String {
    switch shape {
    case .plain(let element):
      return "if \(element.isSet(property)) { \(write(element, property)) }"
    case .optional(let element):
      return "if let value = \(property) { \(write(element, "value")) }"
    case .boxed(let element):
      return "if let value = self._\(name)?.value { \(write(element, "value")) }"
    case .member(let element, let oneof, _):
      return "if case .\(name)(let value)? = \(oneof) { \(write(element, "value")) }"
    case .repeated(let element, let isPacked):
      let function = isPacked ? "writePacked" : "writeRepeated"
      let tag = tag(isPacked ? 2 : element.wireType)
      return "writer.\(function)(\(element.kind).self, tag: \(tag), \(property))"
    case .map(let key, let value):
      return "writer.writeMap(\(key.keyKind).self, \(value.kind).self, tag: \(tag(2)), "
        + "\(entries(by: key)))"
    }
  }

  private func write(_ element: Element, _ value: String) -> String {
    "writer.writeTag(\(tag(element.wireType))); \(element.write(value))"
  }

  // MARK: merge

  /// The cases of the switch over the tag, each with its statements.
  var mergeCases: [(head: String, statements: [String])] {
    switch shape {
    case .plain(let element):
      return [(head(element), ["\(property) = \(element.read(fieldName: fullName))"])]
    case .optional(let element):
      return element.isMessage
        ? [(head(element), ["try reader.readMessage(&\(property))"])]
        : [(head(element), ["\(property) = \(element.read(fieldName: fullName))"])]
    case .boxed(let element):
      return [(head(element), ["try reader.readMessage(&self._\(name))"])]
    case .member(let element, let oneof, _):
      return [(head(element), memberStatements(element, oneof))]
    case .repeated(let element, _):
      return repeatedCases(element)
    case .map(let key, let value):
      let call =
        "try reader.readMapEntry(\(key.keyKind).self, \(value.kind).self, "
        + "into: &\(entries(by: key)), field: \(literal(fullName)))"
      return [("case \(tag(2))", [call])]
    }
  }

  private func head(_ element: Element) -> String { "case \(tag(element.wireType))" }

  private func memberStatements(_ element: Element, _ oneof: String) -> [String] {
    guard element.isMessage else {
      return ["\(oneof) = .\(name)(\(element.read(fieldName: fullName)))"]
    }
    // A message that is sent twice is merged, as long as no other member came between.
    return [
      "var value = \(element.defaultValue)",
      "if case .\(name)(let current)? = \(oneof) { value = current }",
      "\(oneof) = nil",
      "try reader.readMessage(&value)",
      "\(oneof) = .\(name)(value)",
    ]
  }

  private func repeatedCases(_ element: Element) -> [(head: String, statements: [String])] {
    if element.isMessage {
      return [(head(element), ["try reader.readMessage(appendingTo: &\(property))"])]
    }
    let single = (
      head: head(element),
      statements: ["\(property).append(\(element.read(fieldName: fullName)))"]
    )
    guard element.isPackable else { return [single] }
    let packed = "try reader.readPacked(\(element.kind).self, into: &\(property))"
    return [single, (head: "case \(tag(2))", statements: [packed])]
  }

  // MARK: visit

  var visitStatement: String {
    let field =
      "FieldName(\(descriptor.number), \(literal(descriptor.name)), "
      + "json: \(literal(descriptor.jsonName)))"
    switch shape {
    case .plain(let element):
      return "visitor.visitScalar(\(field), \(element.scalar(property)), hasPresence: false)"
    case .optional(let element):
      return "if let value = \(property) { \(show(element, field)) }"
    case .boxed(let element):
      return "if let value = self._\(name)?.value { \(show(element, field)) }"
    case .member(let element, let oneof, _):
      return "if case .\(name)(let value)? = \(oneof) { \(show(element, field)) }"
    case .repeated(let element, _):
      return element.isMessage
        ? "visitor.visitRepeated(\(field), \(property))"
        : "visitor.visitRepeated(\(field), \(element.kind).self, \(property))"
    case .map(let key, let value):
      return "visitor.visitMap(\(field), \(key.keyKind).self, \(value.kind).self, "
        + "\(entries(by: key)))"
    }
  }

  private func show(_ element: Element, _ field: String) -> String {
    element.isMessage
      ? "visitor.visitMessage(\(field), value)"
      : "visitor.visitScalar(\(field), \(element.scalar("value")), hasPresence: true)"
  }

  // MARK: Presence

  /// A value of fixed size is only asked whether it is there.
  private func presence(
    _ element: Element, of property: String, _ body: (String) -> String
  ) -> String {
    element.fixedSize == nil
      ? "if let value = \(property) { \(body("value")) }"
      : "if \(property) != nil { \(body("value")) }"
  }

  private func memberCase(
    _ element: Element, _ oneof: String, _ body: (String) -> String
  ) -> String {
    element.fixedSize == nil
      ? "if case .\(name)(let value)? = \(oneof) { \(body("value")) }"
      : "if case .\(name)? = \(oneof) { \(body("value")) }"
  }
}
