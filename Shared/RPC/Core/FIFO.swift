/// A first-in, first-out queue. The first element lies in the queue itself: most queues of a call
/// never hold a second, and then cost no memory of their own.
struct FIFO<Element> {
  private(set) var first: Element?
  private var rest: [Element?] = []
  private var head = 0

  var isEmpty: Bool { first == nil }
  var count: Int { first == nil ? 0 : 1 + rest.count - head }

  mutating func append(_ element: Element) {
    if first == nil { first = element } else { rest.append(element) }
  }

  mutating func popFirst() -> Element? {
    guard let element = first.take() else { return nil }
    first = popRest()
    return element
  }

  private mutating func popRest() -> Element? {
    guard head < rest.count else { return nil }
    let element = rest[head].take()
    head += 1
    if head == rest.count {
      rest.removeAll(keepingCapacity: head <= 16)
      head = 0
    } else if head >= 64, head * 2 >= rest.count {
      rest.removeFirst(head)
      head = 0
    }
    return element
  }

  mutating func removeAll() {
    first = nil
    rest.removeAll()
    head = 0
  }
}
