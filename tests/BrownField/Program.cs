using BrownField;

if (args.Contains("--help"))
{
    Console.WriteLine(BrownFieldOptions.Help);
    return 0;
}

try
{
    var options = BrownFieldOptions.Parse(args, Environment.GetEnvironmentVariable);
    await using var app = BrownFieldApp.Build(options, TimeProvider.System);
    await app.StartAsync();
    Console.WriteLine($"{options.ServiceName} serves {string.Join(", ", app.Urls)}");
    await app.WaitForShutdownAsync();
    return 0;
}
catch (Exception e) when (e is FormatException or IOException)
{
    Console.Error.WriteLine($"brownfield: {e.Message}");
    return 1;
}
