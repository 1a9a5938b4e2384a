namespace LifecycleManager.Clients.Addresses;

/// <summary>Where the addresses of a service are looked up by whoever is not told them, such as ZooKeeper.</summary>
/// <param name="Name">Its own address, for messages: <c>zk://host:2181/path</c>.</param>
/// <param name="FindAsync">The addresses as they are now, the leader's first; none where nobody is written down. Throws where
/// it does not answer.</param>
public sealed record AddressDirectory(Uri Name, Func<CancellationToken, Task<IReadOnlyList<Uri>>> FindAsync);
