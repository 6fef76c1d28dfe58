/// The Swift of one message with all that is nested in it.
struct MessageGenerator {
  private let descriptor: MessageDescriptor
  private let fullName: String
  private let swiftName: String
  private let fields: [Field]
  private let oneofs: [Oneof]
  private let enums: [EnumGenerator]
  private let messages: [MessageGenerator]
  private let comments: Comments

  /// A oneof of the schema; those that stand for `optional` are none.
  struct Oneof {
    let name: String
    let typeName: String
    let members: [Field]
    let comment: String?
  }

  init(
    _ descriptor: MessageDescriptor, fullName: String, types: TypeTable, comments: Comments
  ) throws(GeneratorError) {
    self.descriptor = descriptor
    self.fullName = fullName
    self.comments = comments
    guard let type = types.messages[fullName] else {
      throw .unknownType(field: descriptor.name, type: fullName)
    }
    swiftName = type.swiftName
    (fields, oneofs) = try Self.members(
      descriptor, fullName: fullName, types: types, comments: comments)
    enums = descriptor.enums.enumerated().compactMap { index, entry in
      types.enums[fullName + "." + entry.name].map { type in
        EnumGenerator(
          descriptor: entry, swiftName: type.swiftName, comments: comments.child(4, Int32(index)))
      }
    }
    var nested: [MessageGenerator] = []
    for (index, entry) in descriptor.messages.enumerated() where !entry.isMapEntry {
      nested.append(
        try MessageGenerator(
          entry, fullName: fullName + "." + entry.name, types: types,
          comments: comments.child(3, Int32(index))))
    }
    messages = nested
  }

  private static func members(
    _ descriptor: MessageDescriptor, fullName: String, types: TypeTable, comments: Comments
  ) throws(GeneratorError) -> ([Field], [Oneof]) {
    // Fields, oneofs and nested types share one namespace in Swift; the oneofs stand behind the
    // fields here.
    let real = descriptor.fields.filter { !$0.isProto3Optional }.compactMap(\.oneofIndex)
    let oneofIndices = descriptor.oneofs.indices.filter(real.contains)
    var nested = types.namesNested(in: descriptor, fullName: fullName)
    let names = Naming.members(
      descriptor.fields.map { ($0.name, $0.number) }
        + oneofIndices.map { (descriptor.oneofs[$0], Int32($0)) }, avoiding: nested)
    let oneofNames = Dictionary(
      uniqueKeysWithValues: zip(oneofIndices, names.dropFirst(descriptor.fields.count)))

    var fields: [Field] = []
    for (index, field) in descriptor.fields.enumerated() {
      let oneof = field.isProto3Optional ? nil : field.oneofIndex.flatMap { oneofNames[$0] }
      let name = oneof == nil ? names[index] : Naming.memberCase(names[index])
      fields.append(
        try Field(
          field, name: name, oneof: oneof.map { "self." + Naming.quoted($0) },
          message: fullName, types: types, comment: comments.child(2, Int32(index)).own))
    }
    let oneofs = oneofIndices.map { index in
      var typeName = "OneOf_" + Naming.upperCamel(descriptor.oneofs[index])
      while !nested.insert(typeName).inserted { typeName += "_" }
      return Oneof(
        name: oneofNames[index] ?? "",
        typeName: typeName,
        members: fields.filter {
          $0.descriptor.oneofIndex == index && !$0.descriptor.isProto3Optional
        },
        comment: comments.child(8, Int32(index)).own)
    }
    return (fields, oneofs)
  }

  private var byNumber: [Field] {
    fields.sorted { $0.descriptor.number < $1.descriptor.number }
  }

  // MARK: The type

  func generate(into source: inout SourceText) {
    source.documentation(comments.own)
    source.block("public struct \(Naming.simple(swiftName)): Message") { source in
      source.line(
        "public static let protoName = \(literal(String(fullName.dropFirst())))")
      source.line()
      properties(into: &source)
      initializers(into: &source)
      source.line()
      codecMethods(into: &source)
      for oneof in oneofs {
        source.line()
        enumeration(oneof, into: &source)
      }
      for generator in enums {
        source.line()
        generator.generate(into: &source)
      }
      for generator in messages {
        source.line()
        generator.generate(into: &source)
      }
    }
  }

  /// Properties in the schema's order, each oneof where its first member stands.
  private var slots:
    [(name: String, type: String, initial: String, field: Field?, comment: String?)]
  {
    var shown: Set<String> = []
    return fields.compactMap { field in
      if let (type, initial) = field.declaration {
        return (field.name, type, initial, field, field.comment)
      }
      let oneof = oneofs.first { $0.members.contains { $0.name == field.name } }
      guard let oneof, shown.insert(oneof.name).inserted else { return nil }
      return (oneof.name, oneof.typeName + "?", "nil", nil, oneof.comment)
    }
  }

  private func properties(into source: inout SourceText) {
    for slot in slots {
      source.documentation(slot.comment)
      let name = Naming.quoted(slot.name)
      if case .boxed(let element)? = slot.field?.shape {
        source.block("public var \(name): \(slot.type)") { source in
          source.line("get { self._\(slot.name)?.value }")
          source.line("set { self._\(slot.name) = newValue.map(Boxed.init) }")
        }
        source.line("private var _\(slot.name): Boxed<\(element.swiftType)>?")
      } else {
        source.line("public var \(name): \(slot.type) = \(slot.initial)")
      }
    }
    source.line("public var unknownFields = UnknownFields()")
    source.line()
  }

  private func initializers(into source: inout SourceText) {
    source.line("public init() {}")
    let slots = slots
    guard !slots.isEmpty else { return }
    source.line()
    let parameters = slots.map { slot in
      "\(Naming.quoted(slot.name)): \(slot.type) = \(slot.initial)"
    }
    source.block("public init(\(parameters.joined(separator: ", ")))") { source in
      for slot in slots {
        let name = Naming.quoted(slot.name)
        source.line("self.\(name) = \(name)")
      }
    }
  }

  private func enumeration(_ oneof: Oneof, into source: inout SourceText) {
    source.documentation(oneof.comment)
    source.block("public enum \(oneof.typeName): Sendable, Equatable") { source in
      for field in oneof.members {
        guard case .member(let element, _, let isRecursive) = field.shape else { continue }
        source.documentation(field.comment)
        source.line(
          "\(isRecursive ? "indirect " : "")case \(field.quotedName)(\(element.swiftType))")
      }
    }
  }

  // MARK: Methods

  private func codecMethods(into source: inout SourceText) {
    source.block("public mutating func merge(from reader: inout WireReader) throws(CodecError)") {
      source in
      source.block("while let tag = try reader.nextTag()") { source in
        guard !fields.isEmpty else {
          source.line("try reader.keepUnknown(tag, in: &self.unknownFields)")
          return
        }
        source.block("switch tag") { source in
          for (head, statements) in byNumber.flatMap(\.mergeCases) {
            source.switchCase(head, statements)
          }
          source.switchCase("default", ["try reader.keepUnknown(tag, in: &self.unknownFields)"])
        }
      }
    }
    source.line()
    source.block("public var encodedSize: Int") { source in
      guard !fields.isEmpty else { return source.line("self.unknownFields.count") }
      source.line("var size = self.unknownFields.count")
      source.lines(byNumber.map(\.sizeStatement))
      source.line("return size")
    }
    source.line()
    source.block("public func encode(into writer: inout WireWriter)") { source in
      source.lines(byNumber.map(\.encodeStatement))
      source.line("self.unknownFields.encode(into: &writer)")
    }
    source.line()
    source.block("public func visit(_ visitor: inout some FieldVisitor)") { source in
      source.lines(fields.map(\.visitStatement))
    }
  }
}
