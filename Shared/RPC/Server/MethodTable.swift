/// Routes by the bytes of a method's name as a REQUEST carries them: finding one makes no string.
///
/// Open addressing with linear probing; filled once, then only read.
struct MethodTable: Sendable {
  private struct Entry: Sendable {
    let name: [UInt8]
    let route: Router.Route
  }

  private var entries: [Entry?]

  init(_ routes: some Collection<Router.Route>) {
    var capacity = 8
    while capacity < routes.count * 2 { capacity *= 2 }
    entries = Array(repeating: nil, count: capacity)
    for route in routes {
      let name = Array(route.method.name.utf8)
      var index = name.withUnsafeBytes(MethodTable.hash) & (capacity - 1)
      while entries[index] != nil { index = (index + 1) & (capacity - 1) }
      entries[index] = Entry(name: name, route: route)
    }
  }

  func find(_ name: UnsafeRawBufferPointer) -> Router.Route? {
    let mask = entries.count - 1
    var index = MethodTable.hash(name) & mask
    while let entry = entries[index] {
      if entry.name.withUnsafeBytes({ MethodTable.areEqual($0, name) }) { return entry.route }
      index = (index + 1) & mask
    }
    return nil
  }

  private static func areEqual(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> Bool {
    a.count == b.count && a.elementsEqual(b)
  }

  /// Eight bytes at a time. Callers choose what is looked up, never what is in the table, so that
  /// no name costs more than the longest run in it.
  private static func hash(_ bytes: UnsafeRawBufferPointer) -> Int {
    var hash = UInt64(truncatingIfNeeded: bytes.count)
    var offset = 0
    while offset + 8 <= bytes.count {
      mix(bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self), into: &hash)
      offset += 8
    }
    var rest: UInt64 = 0
    while offset < bytes.count {
      rest = rest << 8 | UInt64(bytes[offset])
      offset += 1
    }
    mix(rest, into: &hash)
    return Int(truncatingIfNeeded: hash >> 32)
  }

  private static func mix(_ word: UInt64, into hash: inout UInt64) {
    hash = (hash ^ word) &* 0x9E37_79B9_7F4A_7C15
    hash ^= hash >> 29
  }
}
