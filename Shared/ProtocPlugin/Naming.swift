/// How the schema's names become Swift's.
enum Naming {
  // MARK: Words

  private static let keywords: Set<String> = [
    "Any", "actor", "as", "associatedtype", "async", "await", "borrowing", "break", "case", "catch",
    "class", "consuming", "continue", "default", "defer", "deinit", "do", "else", "enum",
    "extension", "fallthrough", "false", "fileprivate", "for", "func", "guard", "if", "import",
    "in", "infix", "inout", "internal", "is", "let", "mutating", "nil", "nonmutating", "open",
    "operator", "optional", "override", "package", "postfix", "precedencegroup", "prefix",
    "private", "protocol", "public", "repeat", "required", "rethrows", "return", "some", "static",
    "struct", "subscript", "super", "switch", "throw", "throws", "true", "try", "typealias",
    "unowned", "var", "weak", "where", "while",
  ]

  /// Names that a property or case cannot have, or that the generated type needs itself.
  private static let reservedMembers: Set<String> = [
    "self", "Self", "Type", "Protocol", "init", "unknownFields", "encodedSize", "rawValue",
    "allCases", "unrecognized", "hashValue",
  ]

  /// Names that a case cannot have besides: `.none` and `.some` are Optional's wherever a value is
  /// optional, and an enum has no room for a case that is called like its property.
  private static let reservedCases: Set<String> = ["none", "some", "protoName"]

  /// Types that generated code mentions, which a message nested beside it must not shadow.
  private static let reservedTypes: Set<String> = [
    "Any", "Array", "Base64", "Bool", "BoolKind", "Boxed", "BytesKind", "Codec", "CodecError",
    "Dictionary", "Double", "DoubleKind", "Element", "EnumKind", "Equatable", "Error", "FieldName",
    "FieldVisitor", "Fixed32Kind", "Fixed64Kind", "Float", "FloatKind", "Int", "Int32", "Int32Kind",
    "Int64", "Int64Kind", "MapKeyKind", "Message", "MessageKind", "Never", "Optional", "ProtoEnum",
    "Protocol", "RawValue", "SFixed32Kind", "SFixed64Kind", "SInt32Kind", "SInt64Kind",
    "ScalarKind", "ScalarValue", "Self", "Sendable", "StaticString", "String", "StringKeyKind",
    "StringKind", "StringMap", "Swift", "Type", "UInt32", "UInt32Kind", "UInt64", "UInt64Kind",
    "UInt8", "UnknownFields", "Void", "WireReader", "WireSize", "WireWriter",
  ]

  /// Types that the code of services mentions, `R` being the parameter of its generic functions.
  private static let reservedTopLevel: Set<String> = [
    "CallOptions", "Channel", "MessageReader", "MessageWriter", "MethodAccess", "MethodDescriptor",
    "R", "RPC", "Router", "ServerContext",
  ]

  /// A name as it is written where it is declared or used after a dot.
  static func quoted(_ name: String) -> String {
    keywords.contains(name) ? "`\(name)`" : name
  }

  /// A name of the top level, which a file without package may give Swift's own name.
  static func topLevelType(_ name: String, suffix: String) -> String {
    reservedTopLevel.contains(name) ? name + suffix : nestedType(identifier(name), suffix: suffix)
  }

  /// A type's name inside another.
  static func nestedType(_ name: String, suffix: String) -> String {
    let isReserved =
      reservedTypes.contains(name) || keywords.contains(name) || reservedMembers.contains(name)
      || name == "_"
    return isReserved ? name + suffix : name
  }

  /// The last part of "A.B.C".
  static func simple(_ swiftName: String) -> String {
    swiftName.split(separator: ".").last.map(String.init) ?? swiftName
  }

  /// `name`, or with an underscore before it where a digit would be first.
  static func identifier(_ name: String) -> String {
    name.first?.isNumber == true ? "_" + name : name
  }

  // MARK: Case

  /// `display_name`, `DisplayName` and `DISPLAY_NAME` become `displayName`.
  static func lowerCamel(_ name: String) -> String {
    let hasLowercase = name.contains(where: \.isLowercase)
    let parts = name.split(separator: "_").map(String.init)
    var result = ""
    for part in parts {
      let word = hasLowercase ? part : part.lowercased()
      result += result.isEmpty ? lowerFirst(word) : upperFirst(word)
    }
    return result
  }

  static func upperCamel(_ name: String) -> String { upperFirst(lowerCamel(name)) }

  private static func lowerFirst(_ word: String) -> String {
    // "ID" and "URL" whole, "DisplayName" its first letter only.
    if word.allSatisfy({ !$0.isLowercase }) { return word.lowercased() }
    return word.prefix(1).lowercased() + word.dropFirst()
  }

  static func upperFirst(_ word: some StringProtocol) -> String {
    word.prefix(1).uppercased() + word.dropFirst()
  }

  /// What is left of `value` behind the enum's name and an underscore, or nil when it begins
  /// otherwise. The name's words may be parted in any way: `HTTPMode` goes off `HTTP_MODE_FAST` and
  /// `HTTPMODE_FAST`.
  private static func strip(_ enumName: String, from value: String) -> Substring? {
    var rest = value[...]
    for letter in enumName where letter != "_" {
      while rest.first == "_" { rest.removeFirst() }
      guard let first = rest.popFirst(), first.uppercased() == letter.uppercased() else {
        return nil
      }
    }
    guard rest.first == "_" else { return nil }
    return rest.drop { $0 == "_" }
  }

  // MARK: Members

  /// Swift names of a message's fields and oneofs, or of a service's methods: all different, none
  /// of them in `taken`, in their order.
  static func members(
    _ names: [(name: String, number: Int32)], avoiding taken: Set<String> = []
  ) -> [String] {
    var taken = taken
    return names.map { entry in
      var name = member(lowerCamel(entry.name))
      while !taken.insert(name).inserted { name += "_\(entry.number)" }
      return name
    }
  }

  static func member(_ name: String) -> String {
    // The schema's name was underscores only.
    if name.isEmpty { return "unnamed" }
    return reservedMembers.contains(name) ? name + "_" : identifier(name)
  }

  /// A case of a oneof's enum for the member that is called `name`.
  static func memberCase(_ name: String) -> String {
    reservedCases.contains(name) ? name + "_" : name
  }

  /// A value of an enum without the enum's name in front: `TASK_REGRESSION` becomes `regression`.
  static func enumCase(_ value: String, of enumName: String) -> String {
    var rest = value
    if let stripped = strip(enumName, from: value), stripped.first?.isLetter == true {
      rest = String(stripped)
    }
    return memberCase(member(lowerCamel(rest)))
  }

  // MARK: Files

  /// `Google_Protobuf_` for the package google.protobuf, when the file sets no `swift_prefix`.
  static func prefix(of file: FileDescriptor) -> String {
    if let prefix = file.swiftPrefix { return prefix }
    return file.package.split(separator: ".")
      .map { $0.split(separator: "_").map { upperFirst($0) }.joined() + "_" }.joined()
  }

  /// `CatalogV1CatalogFile` for assay/catalog/v1/catalog.proto.
  static func fileType(_ path: String) -> String {
    var parts = path.split(whereSeparator: { $0 == "/" }).map(String.init)
    if let last = parts.popLast() {
      parts.append(last.hasSuffix(".proto") ? String(last.dropLast(6)) : last)
    }
    if parts.first == "assay", parts.count > 1 { parts.removeFirst() }
    let words = parts.map { part in
      part.split(whereSeparator: { !$0.isASCII || !($0.isLetter || $0.isNumber) })
        .map { upperFirst($0) }.joined()
    }
    return identifier(words.joined() + "File")
  }

  /// Where the Swift of each of the files goes, relative to the output folder.
  ///
  /// One module cannot have two files of one name, whatever folders they are in; those that would
  /// be called the same carry their folders in their names.
  static func outputPaths(_ paths: [String]) -> [String] {
    let stems = paths.map { $0.hasSuffix(".proto") ? String($0.dropLast(6)) : $0 }
    let names = stems.map { $0.split(separator: "/").last.map { $0.lowercased() } ?? "" }
    let counts = Dictionary(names.map { ($0, 1) }, uniquingKeysWith: +)
    return zip(stems, names).map { stem, name in
      guard counts[name] ?? 0 > 1 else { return stem + ".swift" }
      var folders = stem.split(separator: "/").map(String.init)
      let last = folders.joined(separator: "_") + ".swift"
      folders[folders.count - 1] = last
      return folders.joined(separator: "/")
    }
  }
}
