namespace LifecycleManager.Agent.Containerizers.Docker;

/// <summary>Where the Docker engine is where nobody says it, as Docker's own command line looks for it.</summary>
public static class DockerEndpoint
{
    /// <summary><c>DOCKER_HOST</c>, else the engine's usual socket or pipe.</summary>
    /// <exception cref="UriFormatException"><c>DOCKER_HOST</c> is no address.</exception>
    public static Uri Default => new(Environment.GetEnvironmentVariable("DOCKER_HOST") is { Length: > 0 } host
        ? host : OperatingSystem.IsWindows() ? "npipe://./pipe/docker_engine" : "unix:///var/run/docker.sock");
}
