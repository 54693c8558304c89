/* A stand-in for NVIDIA's management library: the same symbols and layouts, and figures that a test sets. */
#include <string.h>

#define CARDS 4
#define NO_SUCH_CARD 6

struct card {
    char name[96];
    char bus_id[32];
    unsigned long long energy_mj;
    unsigned int power_mw;
    int energy_code, power_code;
};

typedef struct {
    char busIdLegacy[16];
    unsigned int domain, bus, device, pciDeviceId, pciSubSystemId;
    char busId[32];
} pci_info;

static struct card cards[CARDS];
static unsigned int count;
static int init_code;

void fake_reset(unsigned int cards_there, int code) {
    memset(cards, 0, sizeof cards);
    count = cards_there;
    init_code = code;
}

void fake_card(unsigned int index, const char *name, const char *bus_id) {
    strncpy(cards[index].name, name, sizeof cards[index].name - 1);
    strncpy(cards[index].bus_id, bus_id, sizeof cards[index].bus_id - 1);
}

void fake_energy(unsigned int index, unsigned long long mj, int code) {
    cards[index].energy_mj = mj;
    cards[index].energy_code = code;
}

void fake_power(unsigned int index, unsigned int mw, int code) {
    cards[index].power_mw = mw;
    cards[index].power_code = code;
}

int nvmlInit_v2(void) { return init_code; }

int nvmlDeviceGetCount_v2(unsigned int *found) {
    *found = count;
    return 0;
}

int nvmlDeviceGetHandleByIndex_v2(unsigned int index, void **device) {
    if (index >= count) return NO_SUCH_CARD;
    *device = &cards[index];
    return 0;
}

int nvmlDeviceGetName(void *device, char *name, unsigned int length) {
    strncpy(name, ((struct card *)device)->name, length);
    return 0;
}

int nvmlDeviceGetPciInfo_v3(void *device, pci_info *pci) {
    memset(pci, 0, sizeof *pci);
    memcpy(pci->busId, ((struct card *)device)->bus_id, sizeof pci->busId);
    return 0;
}

int nvmlDeviceGetTotalEnergyConsumption(void *device, unsigned long long *mj) {
    struct card *card = device;
    if (card->energy_code == 0) *mj = card->energy_mj;
    return card->energy_code;
}

int nvmlDeviceGetPowerUsage(void *device, unsigned int *mw) {
    struct card *card = device;
    if (card->power_code == 0) *mw = card->power_mw;
    return card->power_code;
}
