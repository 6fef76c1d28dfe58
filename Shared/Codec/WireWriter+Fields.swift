// One method for each proto3 scalar, without a tag; then messages, packed fields and maps.

extension WireWriter {
  @inlinable
  public mutating func writeInt32(_ value: Int32) {
    writeVarint(UInt64(bitPattern: Int64(value)))
  }

  @inlinable
  public mutating func writeInt64(_ value: Int64) { writeVarint(UInt64(bitPattern: value)) }

  @inlinable
  public mutating func writeUInt32(_ value: UInt32) { writeVarint(UInt64(value)) }

  @inlinable
  public mutating func writeUInt64(_ value: UInt64) { writeVarint(value) }

  @inlinable
  public mutating func writeSInt32(_ value: Int32) { writeVarint(UInt64(ZigZag.encode(value))) }

  @inlinable
  public mutating func writeSInt64(_ value: Int64) { writeVarint(ZigZag.encode(value)) }

  @inlinable
  public mutating func writeSFixed32(_ value: Int32) { writeFixed32(UInt32(bitPattern: value)) }

  @inlinable
  public mutating func writeSFixed64(_ value: Int64) { writeFixed64(UInt64(bitPattern: value)) }

  @inlinable
  public mutating func writeFloat(_ value: Float) { writeFixed32(value.bitPattern) }

  @inlinable
  public mutating func writeDouble(_ value: Double) { writeFixed64(value.bitPattern) }

  @inlinable
  public mutating func writeBool(_ value: Bool) { writeVarint(value ? 1 : 0) }

  @inlinable
  public mutating func writeEnum(_ value: some ProtoEnum) { writeInt32(value.rawValue) }

  @inlinable
  public mutating func writeString(_ value: String) {
    writeVarint(UInt64(value.utf8.count))
    let isWritten: Void? = value.utf8.withContiguousStorageIfAvailable {
      writeRaw(UnsafeRawBufferPointer($0))
    }
    if isWritten == nil {
      // A string bridged from elsewhere: make it contiguous first.
      var copy = value
      copy.withUTF8 { writeRaw(UnsafeRawBufferPointer($0)) }
    }
  }

  @inlinable
  public mutating func writeBytes(_ value: [UInt8]) {
    writeVarint(UInt64(value.count))
    value.withUnsafeBytes { writeRaw($0) }
  }

  @inlinable
  public mutating func writeMessage(_ value: some Message) {
    writeVarint(UInt64(value.encodedSize))
    value.encode(into: &self)
  }

  // MARK: Repeated and maps

  /// A repeated field in one piece; nothing when it is empty.
  @inlinable
  public mutating func writePacked<K: ScalarKind>(_: K.Type, tag: UInt32, _ values: [K.Value]) {
    guard !values.isEmpty else { return }
    writeTag(tag)
    writeVarint(UInt64(WireSize.elements(K.self, values)))
    #if _endian(little)
      if K.fixedSize > 0 {
        // Memory holds them as the wire does: numbers of that width, and nothing between them.
        precondition(MemoryLayout<K.Value>.stride == K.fixedSize)
        return values.withUnsafeBytes { writeRaw($0) }
      }
    #endif
    for value in values { K.write(value, to: &self) }
  }

  /// A repeated field, each element under a tag of its own.
  @inlinable
  public mutating func writeRepeated<K: WireKind>(_: K.Type, tag: UInt32, _ values: [K.Value]) {
    for value in values {
      writeTag(tag)
      K.write(value, to: &self)
    }
  }

  /// A map, sorted by key, each entry a message of key and value.
  @inlinable
  public mutating func writeMap<K: MapKeyKind, V: WireKind>(
    _: K.Type, _: V.Type, tag: UInt32, _ map: [K.Value: V.Value]
  ) {
    guard !map.isEmpty else { return }
    for (key, value) in K.sorted(map) {
      writeTag(tag)
      writeVarint(UInt64(2 &+ K.size(of: key) &+ V.size(of: value)))
      writeTag(1 << 3 | K.wireType.rawValue)
      K.write(key, to: &self)
      writeTag(2 << 3 | V.wireType.rawValue)
      V.write(value, to: &self)
    }
  }
}

extension WireSize {
  /// The elements of a packed field, without tag and length.
  @inlinable
  public static func elements<K: ScalarKind>(_: K.Type, _ values: [K.Value]) -> Int {
    guard K.fixedSize == 0 else { return values.count &* K.fixedSize }
    var size = 0
    for value in values { size &+= K.size(of: value) }
    return size
  }

  /// A packed field with its tag; 0 when it is empty.
  @inlinable
  public static func packed<K: ScalarKind>(
    _: K.Type, tagSize: Int, _ values: [K.Value]
  ) -> Int {
    values.isEmpty ? 0 : tagSize &+ delimited(elements(K.self, values))
  }

  /// A repeated field, each element under a tag of its own.
  @inlinable
  public static func repeated<K: WireKind>(_: K.Type, tagSize: Int, _ values: [K.Value]) -> Int {
    var size = values.count &* tagSize
    for value in values { size &+= K.size(of: value) }
    return size
  }

  /// A map's entries with their tags.
  @inlinable
  public static func map<K: MapKeyKind, V: WireKind>(
    _: K.Type, _: V.Type, tagSize: Int, _ map: [K.Value: V.Value]
  ) -> Int {
    var size = map.count &* tagSize
    for (key, value) in map { size &+= delimited(2 &+ K.size(of: key) &+ V.size(of: value)) }
    return size
  }
}
