using System.Diagnostics;
using System.Formats.Tar;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace LifecycleManager.Demo;

/// <summary>
/// The files of the samples' image: the program, the shared framework that runs this very process, and the C libraries
/// that the framework is linked to. No registry and no runtime pack is needed.
/// </summary>
internal sealed partial class DemoRootFileSystem
{
    public const string Dotnet = "/dotnet/dotnet";
    public const string Program = "/app/BrownField.dll";
    public const string Libraries = "/lib";
    private const UnixFileMode Readable = UnixFileMode.UserRead | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
    private const UnixFileMode Runnable =
        Readable | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    private readonly SortedDictionary<string, string> _files;

    private DemoRootFileSystem(SortedDictionary<string, string> files) => _files = files;

    /// <summary>Finds the files.</summary>
    /// <exception cref="PlatformNotSupportedException">This machine's own framework is none for a Linux container.</exception>
    /// <exception cref="FileNotFoundException">The samples were not built, or a library of the framework is missing.</exception>
    public static async Task<DemoRootFileSystem> FindAsync(string brownFieldOutputDirectory, CancellationToken cancellationToken)
    {
        if (!OperatingSystem.IsLinux())
            throw new PlatformNotSupportedException("the demo's image is made of this machine's .NET, which is not for Linux");
        var program = Path.Combine(brownFieldOutputDirectory, "BrownField.dll");
        if (!File.Exists(program))
            throw new FileNotFoundException($"the sample services are not at {program}: build tests/BrownField", program);

        var framework = new DirectoryInfo(RuntimeEnvironment.GetRuntimeDirectory());
        var aspNet =
            new DirectoryInfo(Path.GetDirectoryName(typeof(Microsoft.AspNetCore.Builder.WebApplication).Assembly.Location)!);
        if (framework.Parent is not { Name: "Microsoft.NETCore.App" }
            || aspNet.Parent is not { Name: "Microsoft.AspNetCore.App", Parent.Parent: { } root })
            throw new PlatformNotSupportedException("lcm brings its own .NET here; the demo's image needs a shared one");
        var resolver = new DirectoryInfo(Path.Combine(root.FullName, "host", "fxr")).EnumerateDirectories()
            .MaxBy(directory => Version.TryParse(directory.Name, out var version) ? version : new Version(0, 0))
            ?? throw new FileNotFoundException($"{root.FullName} has no host/fxr");

        var files =
            new SortedDictionary<string, string>(StringComparer.Ordinal) { [Dotnet] = Path.Combine(root.FullName, "dotnet") };
        foreach (var directory in new[] { framework, aspNet, resolver })
            Add(files, directory, "/dotnet/" + Path.GetRelativePath(root.FullName, directory.FullName));
        Add(files, new DirectoryInfo(brownFieldOutputDirectory), "/app");
        foreach (var (name, path) in await LinkedLibrariesAsync(files.Values.Where(IsNative), cancellationToken))
            files[name] = path;
        return new DemoRootFileSystem(files);
    }

    /// <summary>Changes when a file does; the content is not read for it.</summary>
    public string Fingerprint()
    {
        var text = new StringBuilder();
        foreach (var (name, path) in _files)
        {
            var file = new FileInfo(path);
            text.Append(CultureInfo.InvariantCulture, $"{name} {file.Length} {file.LastWriteTimeUtc.Ticks}\n");
        }

        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())));
    }

    /// <summary>Writes the files as one image layer.</summary>
    public async Task WriteLayerAsync(Stream layer, CancellationToken cancellationToken)
    {
        await using var tar = new TarWriter(layer, TarEntryFormat.Pax, leaveOpen: true);
        await tar.WriteEntryAsync(new PaxTarEntry(TarEntryType.Directory, "tmp/")
        {
            Mode = Runnable | UnixFileMode.UserWrite | UnixFileMode.GroupWrite | UnixFileMode.OtherWrite | UnixFileMode.StickyBit,
        }, cancellationToken);
        foreach (var (name, path) in _files)
        {
            await using var content = File.OpenRead(path);
            await tar.WriteEntryAsync(new PaxTarEntry(TarEntryType.RegularFile, name[1..])
            {
                DataStream = content,
                Mode = Runnable,
                ModificationTime = File.GetLastWriteTimeUtc(path),
            }, cancellationToken);
        }
    }

    private static void Add(SortedDictionary<string, string> files, DirectoryInfo directory, string under)
    {
        foreach (var file in directory.EnumerateFiles("*", SearchOption.AllDirectories))
        {
            // Tracing with LTTng is optional, and its library is rarely there.
            if (file.Extension is ".pdb" || file.Name is "libcoreclrtraceptprovider.so") continue;
            files[$"{under}/{Path.GetRelativePath(directory.FullName, file.FullName)}"] = file.FullName;
        }
    }

    private static bool IsNative(string path) =>
        path.EndsWith(".so", StringComparison.Ordinal) || Path.GetFileName(path) == "dotnet";

    /// <summary>What <c>ldd</c> finds: libraries by their names, and the loader at its own path.</summary>
    private static async Task<IEnumerable<(string Name, string Path)>> LinkedLibrariesAsync(IEnumerable<string> binaries,
        CancellationToken cancellationToken)
    {
        using var ldd =
            Process.Start(new ProcessStartInfo("ldd", binaries) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var errors = ldd.StandardError.ReadToEndAsync(cancellationToken);
        var output = await ldd.StandardOutput.ReadToEndAsync(cancellationToken);
        await ldd.WaitForExitAsync(cancellationToken);
        if (Missing().Match(output) is { Success: true } missing)
            throw new FileNotFoundException($"ldd does not find {missing.Groups["name"].Value}, which .NET needs");
        if (ldd.ExitCode != 0) throw new FileNotFoundException($"ldd failed: {(await errors).Trim()}");
        return Library().Matches(output)
            .Select(match => (Libraries + "/" + match.Groups["name"].Value, match.Groups["path"].Value))
            .Concat(Loader().Matches(output).Select(match => (match.Groups["path"].Value, match.Groups["path"].Value)))
            .Distinct();
    }

    [GeneratedRegex(@"^\s+(?<name>\S+) => (?<path>/\S+) \(0x", RegexOptions.Multiline)]
    private static partial Regex Library();

    [GeneratedRegex(@"^\s+(?<path>/\S+) \(0x", RegexOptions.Multiline)]
    private static partial Regex Loader();

    [GeneratedRegex(@"^\s+(?<name>\S+) => not found", RegexOptions.Multiline)]
    private static partial Regex Missing();
}
