/// The Swift of one enum.
struct EnumGenerator {
  let descriptor: EnumDescriptor
  let swiftName: String
  let comments: Comments

  private struct Value {
    let name: String
    let protoName: String
    let number: Int32
    let comments: Comments
  }

  func generate(into source: inout SourceText) {
    let (values, aliases) = split()
    source.documentation(comments.own)
    source.block("public enum \(simpleName): ProtoEnum") { source in
      for value in values {
        source.documentation(value.comments.own)
        source.line("case \(Naming.quoted(value.name))")
      }
      source.documentation(" A number that the schema did not know when this was generated.")
      source.line("case unrecognized(Int32)")
      for (alias, value) in aliases {
        source.line()
        source.documentation(alias.comments.own)
        source.line("public static var \(Naming.quoted(alias.name)): Self { .\(value.name) }")
      }
      source.line()
      let cases = values.map { "." + $0.name }.joined(separator: ", ")
      source.line("public static let allCases: [Self] = [\(cases)]")
      source.line()
      initializers(values, aliases.map(\.0), into: &source)
      properties(values, into: &source)
    }
  }

  private var simpleName: String { Naming.simple(swiftName) }

  /// The values with a number of their own, and the later names of numbers that have one already.
  private func split() -> (values: [Value], aliases: [(Value, of: Value)]) {
    var values: [Value] = []
    var aliases: [(Value, of: Value)] = []
    var names: Set<String> = []
    for (index, entry) in descriptor.values.enumerated() {
      var name = Naming.enumCase(entry.name, of: descriptor.name)
      let original = values.first { $0.number == entry.number }
      // `MOO` and `moo` may be two names of one number; in Swift the second gets its index.
      while !names.insert(name).inserted { name += "_\(index)" }
      let value = Value(
        name: name, protoName: entry.name, number: entry.number,
        comments: comments.child(2, Int32(index)))
      if let original { aliases.append((value, of: original)) } else { values.append(value) }
    }
    return (values, aliases)
  }

  private func initializers(
    _ values: [Value], _ aliases: [Value], into source: inout SourceText
  ) {
    source.block("public init(rawValue: Int32)") { source in
      source.block("switch rawValue") { source in
        for value in values {
          source.line("case \(value.number): self = .\(value.name)")
        }
        source.line("default: self = .unrecognized(rawValue)")
      }
    }
    source.line()
    source.block("public init?(protoName: String)") { source in
      source.block("switch protoName") { source in
        for value in values + aliases {
          source.line("case \(literal(value.protoName)): self = .\(value.name)")
        }
        source.line("default: return nil")
      }
    }
    source.line()
  }

  private func properties(_ values: [Value], into source: inout SourceText) {
    source.block("public var rawValue: Int32") { source in
      source.block("switch self") { source in
        for value in values { source.line("case .\(value.name): \(value.number)") }
        source.line("case .unrecognized(let number): number")
      }
    }
    source.line()
    source.block("public var protoName: String?") { source in
      source.block("switch self") { source in
        for value in values {
          source.line("case .\(value.name): \(literal(value.protoName))")
        }
        source.line("case .unrecognized: nil")
      }
    }
  }
}
