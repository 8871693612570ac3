/// Several processes behind one command: who they are, and that only the first of them speaks.

import Distributed
import Glibc
import Machine

/// The job that this process has joined, for the length of the program.
final class Cooperation: @unchecked Sendable {
  /// The one of this process.
  static let current = Cooperation()

  /// The processes; this one alone until `join`.
  private(set) var communicator: any Communicator = LocalCommunicator()
  /// Cores for this process, where others may share the machine.
  private(set) var cores = Processor.cores

  /// Joins the processes that mpirun or Slurm has started together, if there are several.
  static func join() throws(Failure) -> any Communicator {
    do {
      current.communicator = try Job.join()
    } catch {
      throw Failure(
        "\(Job.launchedSize) processes were started, and this apus was built without Open MPI",
        status: .usage,
        hint: "swift build -c release --traits MPI builds one that works with others")
    }
    if current.communicator.size > 1 {
      current.cores = Job.fairShareOfCores(current.communicator)
    }
    return current.communicator
  }

  /// Joins the processes, for a command that reads `paths`; standard input has one reader.
  static func join(reading paths: [String]) throws(Failure) -> any Communicator {
    let processes = try join()
    if processes.size > 1, paths.isEmpty || paths.contains("-") {
      throw Failure(
        "standard input has one reader, and there are \(processes.size) processes",
        status: .usage, hint: "write the text to a file first")
    }
    return processes
  }

  /// Whether what this process has to say is said by another.
  static var isSilent: Bool { Job.launchedRank > 0 }

  /// Leaves the job in good order.
  static func leave() { Job.leave(current.communicator) }

  /// Reports a failure, once for all processes, and ends them.
  static func fail(_ failure: Failure) -> Never {
    let communicator = current.communicator
    // All have agreed on these, and all come here.
    if failure.status == .interrupted || failure.message.isEmpty {
      failure.report()
      leave()
      // A status other than 0 makes mpirun end the other processes by force, some seconds later.
      if failure.status == .interrupted, communicator.size > 1,
        let status = getenv("APUS_INTERRUPTED_STATUS").flatMap({ Int32(String(cString: $0)) })
      {
        exit(status)
      }
      exit(failure.status.rawValue)
    }
    if isSilent, communicator.size > 1 {
      // What stops every process stops the first one too, which ends the others as it fails.
      for _ in 0..<14 {
        sleep(1)
        if Interruption.isRequested { _exit(failure.status.rawValue) }
      }
      var placed = failure
      placed.message = "process \(communicator.rank) on \(Job.hostName): \(failure.message)"
      placed.report(always: true)
    } else {
      failure.report()
    }
    communicator.abandon(code: failure.status.rawValue)
  }
}
