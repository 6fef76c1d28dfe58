// One method for each proto3 scalar, then messages, packed fields and maps.

extension WireReader {
  @inlinable
  public mutating func readInt32() throws(CodecError) -> Int32 {
    Int32(truncatingIfNeeded: try readVarint())
  }

  @inlinable
  public mutating func readInt64() throws(CodecError) -> Int64 {
    Int64(bitPattern: try readVarint())
  }

  @inlinable
  public mutating func readUInt32() throws(CodecError) -> UInt32 {
    UInt32(truncatingIfNeeded: try readVarint())
  }

  @inlinable
  public mutating func readUInt64() throws(CodecError) -> UInt64 { try readVarint() }

  @inlinable
  public mutating func readSInt32() throws(CodecError) -> Int32 {
    ZigZag.decode(UInt32(truncatingIfNeeded: try readVarint()))
  }

  @inlinable
  public mutating func readSInt64() throws(CodecError) -> Int64 {
    ZigZag.decode(try readVarint())
  }

  @inlinable
  public mutating func readSFixed32() throws(CodecError) -> Int32 {
    Int32(bitPattern: try readFixed32())
  }

  @inlinable
  public mutating func readSFixed64() throws(CodecError) -> Int64 {
    Int64(bitPattern: try readFixed64())
  }

  @inlinable
  public mutating func readFloat() throws(CodecError) -> Float {
    Float(bitPattern: try readFixed32())
  }

  @inlinable
  public mutating func readDouble() throws(CodecError) -> Double {
    Double(bitPattern: try readFixed64())
  }

  @inlinable
  public mutating func readBool() throws(CodecError) -> Bool { try readVarint() != 0 }

  @inlinable
  public mutating func readEnum<E: ProtoEnum>(_: E.Type = E.self) throws(CodecError) -> E {
    E(rawValue: try readInt32())
  }

  /// A string, checked to be UTF-8; `field` is its full proto name, for the error.
  @inlinable
  public mutating func readString(field: StaticString) throws(CodecError) -> String {
    guard let string = UTF8Text.string(try readDelimited()) else {
      throw .invalidUTF8(field: field.description)
    }
    return string
  }

  @inlinable
  public mutating func readBytes() throws(CodecError) -> [UInt8] {
    [UInt8](try readDelimited())
  }

  // MARK: Messages

  /// Merges the field's message into `message`.
  @inlinable
  public mutating func readMessage<M: Message>(_ message: inout M) throws(CodecError) {
    let length = try readLength()
    let outerLimit = limit
    try enterLevel()
    limit = offset &+ length
    try message.merge(from: &self)
    limit = outerLimit
    levelsLeft &+= 1
  }

  /// Merges the field's message into `message`, which it creates where there is none.
  @inlinable
  public mutating func readMessage<M: Message>(_ message: inout M?) throws(CodecError) {
    // Taken out and put back, so that a merge into an existing message does not copy it.
    var value = message.take() ?? M()
    try readMessage(&value)
    message = value
  }

  /// As above, for a field that is boxed because its message contains itself.
  @inlinable
  public mutating func readMessage<M: Message>(_ message: inout Boxed<M>?) throws(CodecError) {
    var value = message.take()?.value ?? M()
    try readMessage(&value)
    message = Boxed(value)
  }

  /// Appends the field's message to a repeated field.
  @inlinable
  public mutating func readMessage<M: Message>(
    appendingTo messages: inout [M]
  ) throws(CodecError) {
    messages.append(M())
    try readMessage(&messages[messages.count &- 1])
  }

  // MARK: Repeated and maps

  /// Appends the elements of a packed field.
  @inlinable
  public mutating func readPacked<K: ScalarKind>(
    _: K.Type, into values: inout [K.Value]
  ) throws(CodecError) {
    let length = try readLength()
    let end = offset &+ length
    if K.fixedSize > 0 {
      guard length % K.fixedSize == 0 else {
        throw .misalignedPackedField(length: length, elementSize: K.fixedSize)
      }
      #if _endian(little)
        if values.isEmpty {
          values = copyFixedWidth(K.self, count: length / K.fixedSize)
          return
        }
      #endif
      values.reserveCapacity(values.count + length / K.fixedSize)
    }
    let outerLimit = limit
    limit = end
    while offset < end {
      values.append(try K.read(from: &self, field: ""))
    }
    limit = outerLimit
  }

  /// Elements of a fixed width in one copy, for memory that holds them as the wire does. The caller
  /// has checked that they are there. Kinds of a fixed width are integers and floating-point
  /// numbers of that width, of which any bits are a value.
  @inlinable
  mutating func copyFixedWidth<K: ScalarKind>(_: K.Type, count: Int) -> [K.Value] {
    let source = UnsafeRawBufferPointer(
      rebasing: bytes[offset..<(offset &+ count &* K.fixedSize)])
    offset &+= source.count
    return [K.Value](unsafeUninitializedCapacity: count) { elements, initialized in
      let memory = UnsafeMutableRawBufferPointer(elements)
      precondition(MemoryLayout<K.Value>.stride == K.fixedSize && memory.count >= source.count)
      memory.copyMemory(from: source)
      initialized = count
    }
  }

  /// Merges one entry of a map; the last of two with the same key wins.
  ///
  /// `field` is the map's full proto name, for errors. A missing key or value is its default.
  @inlinable
  public mutating func readMapEntry<K: MapKeyKind, V: WireKind>(
    _: K.Type, _: V.Type, into map: inout [K.Value: V.Value], field: StaticString
  ) throws(CodecError) {
    let length = try readLength()
    let outerLimit = limit
    try enterLevel()
    limit = offset &+ length
    var key = K.defaultValue
    var value = V.defaultValue
    while let tag = try nextTag() {
      if tag == 1 << 3 | K.wireType.rawValue {
        key = try K.read(from: &self, field: field)
      } else if tag == 2 << 3 | V.wireType.rawValue {
        try V.merge(into: &value, from: &self, field: field)
      } else {
        try skip(tag)
      }
    }
    limit = outerLimit
    levelsLeft &+= 1
    map[key] = value
  }
}
