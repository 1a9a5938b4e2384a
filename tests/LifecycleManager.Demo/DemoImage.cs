using System.Formats.Tar;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Docker.DotNet;
using Docker.DotNet.Models;

namespace LifecycleManager.Demo;

/// <summary>
/// The images of the three sample services, made on this machine and loaded into the Docker engine in the format of
/// <c>docker save</c>: three images that share one layer.
/// </summary>
/// <remarks>
/// A container serves on <c>$PORT0</c>, else <c>$PORT</c>, on all of its addresses, as an ordinary user, with the
/// management endpoints of both Spring Boot shapes. A <c>BROWNFIELD_</c> variable of the app changes any of it.
/// </remarks>
public static class DemoImage
{
    /// <summary>The search service's image.</summary>
    public const string Search = "rajeshrv/search-service:1.0";

    /// <summary>The gateway's image.</summary>
    public const string SearchApiGateway = "rajeshrv/search-apigateway:1.0";

    /// <summary>The website's image.</summary>
    public const string Website = "rajeshrv/website:1.0";

    private const string FingerprintLabel = "lcm.demo.fingerprint";
    private const string LayerName = "brownfield/layer.tar";

    private static readonly (string Tag, string Service)[] Images =
        [(Search, "search"), (SearchApiGateway, "search-apigateway"), (Website, "website")];

    /// <summary>Makes the images unless the engine has them from the same files.</summary>
    /// <param name="docker">The engine's address, such as <c>unix:///var/run/docker.sock</c>.</param>
    /// <param name="brownFieldOutputDirectory">The build output of <c>tests/BrownField</c>; see
    /// <see cref="BrownFieldOutput.Directory"/>.</param>
    /// <param name="cancellationToken">Gives up; the engine keeps no half image.</param>
    /// <returns>The three tags: search, gateway, website.</returns>
    /// <exception cref="PlatformNotSupportedException">This machine's .NET cannot run in a Linux container.</exception>
    /// <exception cref="FileNotFoundException">The samples were not built, or a library of .NET is missing.</exception>
    /// <exception cref="DockerApiException">The engine refused.</exception>
    /// <exception cref="HttpRequestException">No engine answers.</exception>
    public static async Task<IReadOnlyList<string>> EnsureAsync(Uri docker, string brownFieldOutputDirectory,
        CancellationToken cancellationToken)
    {
        var files = await DemoRootFileSystem.FindAsync(brownFieldOutputDirectory, cancellationToken);
        var fingerprint = files.Fingerprint();
        using var client = new DockerClientBuilder().WithEndpoint(docker).Build();
        if (!await HasAllAsync(client, fingerprint, cancellationToken))
        {
            await using var archive = await BuildAsync(files, fingerprint, cancellationToken);
            await client.Images.LoadImageAsync(new ImageLoadParameters { Quiet = true }, archive, new Progress<JSONMessage>(),
                cancellationToken);
            if (!await HasAllAsync(client, fingerprint, cancellationToken))
                throw new InvalidOperationException(
                    $"the Docker engine at {docker} took the demo's images and does not have them");
        }

        return [.. Images.Select(image => image.Tag)];
    }

    private static async Task<bool> HasAllAsync(DockerClient client, string fingerprint, CancellationToken cancellationToken)
    {
        foreach (var (tag, _) in Images)
        {
            try
            {
                var image = await client.Images.InspectImageAsync(tag, cancellationToken);
                if (image.Config?.Labels?.TryGetValue(FingerprintLabel, out var label) != true || label != fingerprint)
                    return false;
            }
            catch (DockerImageNotFoundException)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Writes the archive to a temporary file, since an image's configuration names its layer's digest.</summary>
    private static async Task<Stream> BuildAsync(DemoRootFileSystem files, string fingerprint,
        CancellationToken cancellationToken)
    {
        await using var layer = TemporaryFile();
        await files.WriteLayerAsync(layer, cancellationToken);
        layer.Position = 0;
        var digest = "sha256:" + Convert.ToHexStringLower(await SHA256.HashDataAsync(layer, cancellationToken));
        layer.Position = 0;

        var archive = TemporaryFile();
        await using (var tar = new TarWriter(archive, TarEntryFormat.Pax, leaveOpen: true))
        {
            var manifest = new JsonArray();
            foreach (var (tag, service) in Images)
            {
                var config = Encoding.UTF8.GetBytes(Configuration(service, digest, fingerprint).ToJsonString());
                var name = Convert.ToHexStringLower(SHA256.HashData(config)) + ".json";
                await WriteAsync(tar, name, new MemoryStream(config), cancellationToken);
                manifest.Add(new JsonObject { ["Config"] = name, ["RepoTags"] = Texts(tag), ["Layers"] = Texts(LayerName) });
            }

            await WriteAsync(tar, LayerName, layer, cancellationToken);
            await WriteAsync(tar, "manifest.json", new MemoryStream(Encoding.UTF8.GetBytes(manifest.ToJsonString())),
                cancellationToken);
        }

        archive.Position = 0;
        return archive;
    }

    /// <summary>An image's configuration as the OCI image specification has it.</summary>
    private static JsonObject Configuration(string service, string layerDigest, string fingerprint) => new()
    {
        ["architecture"] = RuntimeInformation.OSArchitecture == Architecture.Arm64 ? "arm64" : "amd64",
        ["os"] = "linux",
        ["created"] = "2016-01-22T00:00:00Z",
        ["config"] = new JsonObject
        {
            ["User"] = "65532:65532",
            ["WorkingDir"] = "/app",
            ["Entrypoint"] = Texts(DemoRootFileSystem.Dotnet, DemoRootFileSystem.Program),
            ["Env"] = Texts(
                "LD_LIBRARY_PATH=" + DemoRootFileSystem.Libraries,
                "DOTNET_EnableDiagnostics=0",
                "BROWNFIELD_SERVICE=" + service,
                "BROWNFIELD_BIND=0.0.0.0",
                "BROWNFIELD_BOOT=both"),
            ["Labels"] = new JsonObject { [FingerprintLabel] = fingerprint },
        },
        ["rootfs"] = new JsonObject { ["type"] = "layers", ["diff_ids"] = Texts(layerDigest) },
        ["history"] = new JsonArray(new JsonObject { ["created_by"] = "LifecycleManager.Demo" }),
    };

    private static async Task WriteAsync(TarWriter tar, string name, Stream content, CancellationToken cancellationToken)
    {
        await using (content)
            await tar.WriteEntryAsync(new PaxTarEntry(TarEntryType.RegularFile, name) { DataStream = content },
                cancellationToken);
    }

    private static JsonArray Texts(params string[] texts) => new([.. texts.Select(text => JsonValue.Create(text))]);

    private static FileStream TemporaryFile() => new(
        Path.Combine(Path.GetTempPath(), Path.GetRandomFileName()),
        FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, 1 << 16, FileOptions.DeleteOnClose | FileOptions.Asynchronous);
}
