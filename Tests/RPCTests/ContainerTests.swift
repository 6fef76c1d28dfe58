import Testing

@testable import RPC

@Suite("Containers of the hot path, against the standard library's")
struct ContainerTests {
  @Test("a stream table is a dictionary", arguments: UInt64(1)...20)
  func streamTable(seed: UInt64) {
    var random = SplitMix64(state: seed)
    var table = StreamTable<Int>()
    var dictionary: [UInt32: Int] = [:]
    for step in 0..<2_000 {
      let stream = UInt32.random(in: 0..<200, using: &random) * 2 + 1
      switch Int.random(in: 0..<3, using: &random) {
      case 0 where dictionary[stream] == nil:
        table.insert(stream, step)
        dictionary[stream] = step
      case 1:
        #expect(table.remove(stream) == dictionary.removeValue(forKey: stream))
      default:
        let isThere: Void? = table.update(stream) { $0 += 1 }
        dictionary[stream]? += 1
        #expect((isThere != nil) == (dictionary[stream] != nil))
      }
      #expect(table.count == dictionary.count)
      #expect(table[stream] == dictionary[stream])
    }
    for (stream, value) in dictionary { #expect(table[stream] == value) }
    #expect(table.removeAll() == dictionary.sorted { $0.key < $1.key }.map(\.value))
    #expect(table.isEmpty)
  }

  @Test("a queue gives back in order, however it is filled and emptied", arguments: UInt64(1)...20)
  func queue(seed: UInt64) {
    var random = SplitMix64(state: seed)
    var queue = FIFO<Int>()
    var array: [Int] = []
    for step in 0..<2_000 {
      if Int.random(in: 0..<5, using: &random) < (step < 1_000 ? 3 : 2) {
        queue.append(step)
        array.append(step)
      } else {
        #expect(queue.popFirst() == (array.isEmpty ? nil : array.removeFirst()))
      }
      #expect(queue.count == array.count)
      #expect(queue.first == array.first)
    }
  }

  @Test("a method is found by the bytes of its name, and by no others")
  func methods() {
    let names = (0..<100).map { "assay.test.v\($0 % 7).Service\($0).Method" }
    let routes = names.map { Router.Route(MethodDescriptor(name: $0), .task { _, _ in }) }
    let table = MethodTable(routes)
    for name in names {
      Array(name.utf8).withUnsafeBytes { #expect(table.find($0)?.method.name == name) }
      Array((name + "x").utf8).withUnsafeBytes { #expect(table.find($0) == nil) }
      Array(name.utf8.dropLast()).withUnsafeBytes { #expect(table.find($0) == nil) }
    }
    [UInt8]().withUnsafeBytes { #expect(table.find($0) == nil) }
  }
}
