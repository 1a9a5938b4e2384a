namespace LifecycleManager.Cli.Demo;

/// <summary>Where the Docker engine is, as Docker's own command line looks for it.</summary>
internal static class DockerEndpoint
{
    public static Uri Default { get; } = new(Environment.GetEnvironmentVariable("DOCKER_HOST") is { Length: > 0 } host
        ? host : OperatingSystem.IsWindows() ? "npipe://./pipe/docker_engine" : "unix:///var/run/docker.sock");
}
