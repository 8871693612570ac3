/// The job that this process belongs to: alone, or one of many that mpirun or Slurm has started.

import Glibc
import Machine

/// How many processes were started together, and how to join them.
public enum Job {
  /// Why the processes cannot work together.
  public enum Problem: Error, Equatable {
    /// This program was built without Open MPI.
    case builtWithoutMPI(processes: Int)
  }

  /// The number that the launcher has given this process, before it joins; 0 without a launcher.
  public static var launchedRank: Int {
    number(["OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK"]) ?? 0
  }

  /// The number of processes that the launcher has started; 1 without a launcher.
  public static var launchedSize: Int {
    number(["OMPI_COMM_WORLD_SIZE", "PMI_SIZE"])
      ?? (getenv("PMIX_RANK") == nil ? 1 : number(["SLURM_NTASKS"]) ?? 1)
  }

  /// Whether this program can work with other processes.
  public static var isParallel: Bool {
    #if MPI
    true
    #else
    false
    #endif
  }

  /// Joins the other processes; once in a process.
  public static func join() throws(Problem) -> any Communicator {
    let size = launchedSize
    if size == 1 { return LocalCommunicator() }
    #if MPI
    return MPICommunicator()
    #else
    throw .builtWithoutMPI(processes: size)
    #endif
  }

  /// Leaves the job, when all its processes have come to this point.
  public static func leave(_ communicator: any Communicator) {
    #if MPI
    (communicator as? MPICommunicator)?.leave()
    #endif
  }

  /// Cores for each of the processes that share this one's: at least 1.
  public static func fairShareOfCores(_ communicator: any Communicator) -> Int {
    var host = [UInt8](hostName.utf8.prefix(64))
    host += [UInt8](repeating: 0, count: 64 - host.count)
    let own = host + withUnsafeBytes(of: Processor.coreSet) { Array($0) }
    let sharing = communicator.gatherAll(own).filter { $0 == own }.count
    return max(1, Processor.cores / sharing)
  }

  /// The name of this machine.
  public static var hostName: String {
    var name = [CChar](repeating: 0, count: 256)
    gethostname(&name, name.count - 1)
    return name.withUnsafeBufferPointer { $0.baseAddress.map(String.init(cString:)) ?? "" }
  }

  private static func number(_ names: [String]) -> Int? {
    for name in names {
      if let text = getenv(name), let value = Int(String(cString: text)) { return value }
    }
    return nil
  }
}
