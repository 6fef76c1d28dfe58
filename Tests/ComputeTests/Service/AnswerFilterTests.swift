import Testing

@testable import ComputeService

@Suite("The filter of answered keys")
struct AnswerFilterTests {
  @Test("what was added is found, whatever was added since; few others are")
  func filter() {
    var random = SystemRandomNumberGenerator()
    var filter = AnswerFilter()
    // Enough for four layers.
    let added = (0..<300_000).map { _ in Int64(bitPattern: random.next()) }
    for hash in added { filter.insert(hash) }
    #expect(added.allSatisfy(filter.mayContain))
    let others = (0..<100_000).count { _ in filter.mayContain(Int64(bitPattern: random.next())) }
    #expect(others < 1_000)
  }

  @Test("an empty one contains nothing")
  func empty() {
    let filter = AnswerFilter()
    #expect(![0, 1, -1, .min, .max].contains(where: filter.mayContain))
  }
}
