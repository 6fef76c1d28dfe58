import Testing

@testable import ComputeDomain

@Suite("The table of runs")
struct RunTableTests {
  private func run(_ id: String) -> Run {
    Run(id: id, participant: "par_1", startedBy: "usr_1", note: "", rate: .zero, started: 0)
  }

  @Test("a place is its run's own: another run there later has another one")
  func reuse() throws {
    var table = RunTable()
    table["run_1"] = run("run_1")
    let first = try #require(table.place(of: "run_1"))
    #expect(table[first].id == "run_1")
    table["run_1"] = nil
    #expect(!table.holds(first))
    #expect(table.place(of: "run_1") == nil)
    table["run_2"] = run("run_2")
    let second = try #require(table.place(of: "run_2"))
    #expect(second.number == first.number, "the place is used again")
    #expect(!table.holds(first), "but not by whoever had it before")
    #expect(table[second].id == "run_2")
    #expect(table.count == 1)
    #expect(table.liveCount(of: "par_1") == 1)
  }

  @Test("tables with the same runs are equal, wherever those are")
  func equality() {
    var one = RunTable()
    var other = RunTable()
    for id in ["run_1", "run_2", "run_3"] { one[id] = run(id) }
    for id in ["run_3", "run_1", "run_2"] { other[id] = run(id) }
    #expect(one == other)
    other["run_2"] = nil
    #expect(one != other)
  }
}

@Suite("Writing bytes")
struct ByteWriterTests {
  @Test("what is written does not depend on when the memory had to grow", arguments: [0, 1, 16])
  func growth(capacity: Int) throws {
    var writer = ByteWriter(capacity: capacity)
    let large = [UInt8](repeating: 7, count: 100_000)
    writer.byte(1)
    writer.block([UInt8]())
    writer.text("")
    writer.block(large)
    writer.text("grün")
    writer.integer(.min)
    var reader = ByteReader(writer.bytes[...])
    #expect(try reader.byte() == 1)
    #expect(try reader.block().isEmpty)
    #expect(try reader.text().isEmpty)
    #expect(try Array(reader.block()) == large)
    #expect(try reader.text() == "grün")
    #expect(try reader.integer() == .min)
    #expect(reader.isAtEnd)
  }

  @Test("an array that somebody still has is not written over")
  func reused() {
    var writer = ByteWriter()
    writer.text("first")
    let first = writer.reusedBytes()
    writer.removeAll()
    writer.text("second")
    let second = writer.reusedBytes()
    #expect(first == [5] + Array("first".utf8))
    #expect(second == [6] + Array("second".utf8))
  }
}
