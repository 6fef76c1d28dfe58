import Testing

@testable import ComputeService

@Suite("The filter of answered keys")
struct AnswerFilterTests {
  @Test("what was added is found, whatever was added since; few others are")
  func filter() {
    var random = SystemRandomNumberGenerator()
    var filter = AnswerFilter()
    // Enough for four layers.
    let added = (0..<300_000).map { _ in random.next() as UInt64 }
    for hash in added { filter.insert(hash) }
    #expect(added.allSatisfy(filter.mayContain))
    let others = (0..<100_000).count { _ in filter.mayContain(random.next() as UInt64) }
    #expect(others < 1_000)
  }

  @Test("an empty one contains nothing")
  func empty() {
    let filter = AnswerFilter()
    #expect(![0, 1, 1 << 63, .max].contains(where: filter.mayContain))
  }
}
