import Codec

// Decoders for the descriptors. Field numbers are those of descriptor.proto and plugin.proto; what
// is not listed is skipped.

extension WireReader {
  /// Calls `body` with the number and tag of every field; `body` reads the payload.
  mutating func forEachField(
    _ body: (inout WireReader, _ field: UInt32, _ tag: UInt32) throws(CodecError) -> Void
  ) throws(CodecError) {
    while let tag = try nextTag() { try body(&self, tag >> 3, tag) }
  }

  mutating func text() throws(CodecError) -> String { try readString(field: "descriptor") }

  mutating func nested<T>(
    _ decode: (inout WireReader) throws(CodecError) -> T
  ) throws(CodecError) -> T {
    var result: T?
    try readNested { (reader) throws(CodecError) in result = try decode(&reader) }
    guard let result else { throw .truncated }
    return result
  }

  /// Repeated numbers, packed or not.
  mutating func appendNumbers(_ tag: UInt32, to numbers: inout [Int32]) throws(CodecError) {
    if tag & 7 == WireType.lengthDelimited.rawValue {
      try readPacked(Int32Kind.self, into: &numbers)
    } else {
      numbers.append(try readInt32())
    }
  }
}

extension CodeGeneratorRequest {
  init(serialized bytes: [UInt8]) throws(CodecError) {
    try bytes.withUnsafeBufferPointer { (buffer) throws(CodecError) in
      var reader = WireReader(UnsafeRawBufferPointer(buffer))
      try reader.forEachField { (reader, field, tag) throws(CodecError) in
        switch field {
        case 1: filesToGenerate.append(try reader.text())
        case 2: parameter = try reader.text()
        case 15: files.append(try reader.nested(FileDescriptor.init(from:)))
        default: try reader.skip(tag)
        }
      }
    }
  }
}

extension FileDescriptor {
  init(from reader: inout WireReader) throws(CodecError) {
    var kept = UnknownFields()
    // Once for the bytes that are embedded in the generated code, once for the meaning.
    var copy = reader
    while let tag = try copy.nextTag() {
      if tag >> 3 == 9 { try copy.skip(tag) } else { try copy.keepUnknown(tag, in: &kept) }
    }
    serialized = kept.bytes
    try reader.forEachField { (reader, field, tag) throws(CodecError) in
      switch field {
      case 1: name = try reader.text()
      case 2: package = try reader.text()
      case 3: dependencies.append(try reader.text())
      case 4: messages.append(try reader.nested(MessageDescriptor.init(from:)))
      case 5: enums.append(try reader.nested(EnumDescriptor.init(from:)))
      case 6: services.append(try reader.nested(ServiceDescriptor.init(from:)))
      case 8: swiftPrefix = try reader.nested(Self.swiftPrefix)
      case 9: comments = try reader.nested(Self.comments)
      case 12: syntax = try reader.text()
      default: try reader.skip(tag)
      }
    }
  }

  private static func swiftPrefix(_ reader: inout WireReader) throws(CodecError) -> String? {
    var prefix: String?
    try reader.forEachField { (reader, field, tag) throws(CodecError) in
      if field == 39 { prefix = try reader.text() } else { try reader.skip(tag) }
    }
    return prefix
  }

  private static func comments(
    _ reader: inout WireReader
  ) throws(CodecError) -> [[Int32]: String] {
    var comments: [[Int32]: String] = [:]
    try reader.forEachField { (reader, field, tag) throws(CodecError) in
      guard field == 1 else { return try reader.skip(tag) }
      let (path, comment) = try reader.nested(Self.location)
      if !comment.isEmpty { comments[path] = comment }
    }
    return comments
  }

  private static func location(
    _ reader: inout WireReader
  ) throws(CodecError) -> (path: [Int32], comment: String) {
    var path: [Int32] = []
    var (leading, trailing) = ("", "")
    try reader.forEachField { (reader, field, tag) throws(CodecError) in
      switch field {
      case 1: try reader.appendNumbers(tag, to: &path)
      case 3: leading = try reader.text()
      case 4: trailing = try reader.text()
      default: try reader.skip(tag)
      }
    }
    return (path, leading.isEmpty ? trailing : leading)
  }
}

extension MessageDescriptor {
  init(from reader: inout WireReader) throws(CodecError) {
    try reader.forEachField { (reader, field, tag) throws(CodecError) in
      switch field {
      case 1: name = try reader.text()
      case 2: fields.append(try reader.nested(FieldDescriptor.init(from:)))
      case 3: messages.append(try reader.nested(MessageDescriptor.init(from:)))
      case 4: enums.append(try reader.nested(EnumDescriptor.init(from:)))
      case 7: isMapEntry = try reader.nested(Self.isMapEntry)
      case 8: oneofs.append(try reader.nested(Self.oneofName))
      default: try reader.skip(tag)
      }
    }
  }

  private static func isMapEntry(_ reader: inout WireReader) throws(CodecError) -> Bool {
    var isMapEntry = false
    try reader.forEachField { (reader, field, tag) throws(CodecError) in
      if field == 7 { isMapEntry = try reader.readBool() } else { try reader.skip(tag) }
    }
    return isMapEntry
  }

  private static func oneofName(_ reader: inout WireReader) throws(CodecError) -> String {
    var name = ""
    try reader.forEachField { (reader, field, tag) throws(CodecError) in
      if field == 1 { name = try reader.text() } else { try reader.skip(tag) }
    }
    return name
  }
}

extension FieldDescriptor {
  init(from reader: inout WireReader) throws(CodecError) {
    try reader.forEachField { (reader, field, tag) throws(CodecError) in
      switch field {
      case 1: name = try reader.text()
      case 3: number = try reader.readInt32()
      case 4: isRepeated = try reader.readInt32() == 3
      // A type of the future reads as a group, which the generator refuses by name.
      case 5: type = FieldType(rawValue: try reader.readInt32()) ?? .group
      case 6: typeName = try reader.text()
      case 8: isPacked = try reader.nested(Self.isPacked)
      case 9: oneofIndex = Int(try reader.readInt32())
      case 10: jsonName = try reader.text()
      case 17: isProto3Optional = try reader.readBool()
      default: try reader.skip(tag)
      }
    }
  }

  private static func isPacked(_ reader: inout WireReader) throws(CodecError) -> Bool? {
    var isPacked: Bool?
    try reader.forEachField { (reader, field, tag) throws(CodecError) in
      if field == 2 { isPacked = try reader.readBool() } else { try reader.skip(tag) }
    }
    return isPacked
  }
}

extension EnumDescriptor {
  init(from reader: inout WireReader) throws(CodecError) {
    try reader.forEachField { (reader, field, tag) throws(CodecError) in
      switch field {
      case 1: name = try reader.text()
      case 2: values.append(try reader.nested(EnumValueDescriptor.init(from:)))
      default: try reader.skip(tag)
      }
    }
  }
}

extension EnumValueDescriptor {
  init(from reader: inout WireReader) throws(CodecError) {
    try reader.forEachField { (reader, field, tag) throws(CodecError) in
      switch field {
      case 1: name = try reader.text()
      case 2: number = try reader.readInt32()
      default: try reader.skip(tag)
      }
    }
  }
}

extension ServiceDescriptor {
  init(from reader: inout WireReader) throws(CodecError) {
    try reader.forEachField { (reader, field, tag) throws(CodecError) in
      switch field {
      case 1: name = try reader.text()
      case 2: methods.append(try reader.nested(RPCDescriptor.init(from:)))
      default: try reader.skip(tag)
      }
    }
  }
}

extension RPCDescriptor {
  init(from reader: inout WireReader) throws(CodecError) {
    try reader.forEachField { (reader, field, tag) throws(CodecError) in
      switch field {
      case 1: name = try reader.text()
      case 2: input = try reader.text()
      case 3: output = try reader.text()
      case 4: try reader.readNested { (reader) throws(CodecError) in try readOptions(&reader) }
      case 5: isClientStreaming = try reader.readBool()
      case 6: isServerStreaming = try reader.readBool()
      default: try reader.skip(tag)
      }
    }
  }

  /// MethodOptions; the numbers from 50101 are the extensions of assay/options/v1/options.proto.
  private mutating func readOptions(_ reader: inout WireReader) throws(CodecError) {
    try reader.forEachField { (reader, field, tag) throws(CodecError) in
      switch field {
      case 34: idempotency = try reader.readInt32()
      case 50101: try reader.appendNumbers(tag, to: &roles)
      case 50102: scope = try reader.readInt32()
      case 50103: defaultTimeoutMilliseconds = try reader.readInt32()
      case 50104: maxMessageBytes = try reader.readInt32()
      default: try reader.skip(tag)
      }
    }
  }
}
