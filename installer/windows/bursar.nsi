; The Windows setup: for one person, without an administrator. `installer/build.py --exe` calls makensis with VERSION,
; PAYLOAD (the built folder) and OUT. /S installs silently; uninstall.exe /S removes, /S /DATA=1 with settings and ledger.
;
; What runs is asked to leave first and has half a minute to end its answers; then files are replaced. An uninstall keeps
; settings and ledger unless the person asks otherwise.

Target amd64-unicode
SetCompressor /SOLID lzma
RequestExecutionLevel user
ManifestDPIAware true

!include MUI2.nsh
!include FileFunc.nsh
!include LogicLib.nsh

!define NAME "bursar"
!define KEY "Software\Microsoft\Windows\CurrentVersion\Uninstall\${NAME}"
!define RUN "Software\Microsoft\Windows\CurrentVersion\Run"
!define APPROVED "Software\Microsoft\Windows\CurrentVersion\Explorer\StartupApproved\Run"

Name "${NAME}"
OutFile "${OUT}"
InstallDir "$LOCALAPPDATA\Programs\${NAME}"
InstallDirRegKey HKCU "${KEY}" "InstallLocation"
BrandingText "${NAME} ${VERSION}"
VIProductVersion "${VERSION}.0"
VIAddVersionKey "ProductName" "${NAME}"
VIAddVersionKey "FileDescription" "Keeps an AI coding bill under a daily budget"
VIAddVersionKey "FileVersion" "${VERSION}"
VIAddVersionKey "ProductVersion" "${VERSION}"
VIAddVersionKey "LegalCopyright" "MIT licensed; see the licenses folder"

!define MUI_ABORTWARNING
!insertmacro MUI_PAGE_LICENSE "${PAYLOAD}\licenses\bursar.txt"
!insertmacro MUI_PAGE_COMPONENTS
!insertmacro MUI_PAGE_INSTFILES
!define MUI_FINISHPAGE_RUN "$INSTDIR\bursar-tray.exe"
!define MUI_FINISHPAGE_RUN_TEXT "Start bursar now"
!insertmacro MUI_PAGE_FINISH
!insertmacro MUI_UNPAGE_CONFIRM
!insertmacro MUI_UNPAGE_COMPONENTS
!insertmacro MUI_UNPAGE_INSTFILES
!insertmacro MUI_LANGUAGE "English"

; Ask what runs to leave, and wait until its program can be written to.
!macro LetGo un
Function ${un}LetGo
  ${IfNot} ${FileExists} "$INSTDIR\bursar.exe"
    Return
  ${EndIf}
  nsExec::Exec /TIMEOUT=45000 '"$INSTDIR\bursar.exe" quit'
  Pop $0
  StrCpy $1 0
  ${Do}
    ClearErrors
    FileOpen $0 "$INSTDIR\bursar.exe" a
    ${IfNot} ${Errors}
      FileClose $0
      Return
    ${EndIf}
    Sleep 500
    IntOp $1 $1 + 1
  ${LoopUntil} $1 > 60
  ${If} ${Silent}
    SetErrorLevel 4
    Abort
  ${EndIf}
  MessageBox MB_RETRYCANCEL|MB_ICONEXCLAMATION "bursar is still running. Choose Quit bursar in its menu, then try again." IDRETRY again
  Abort
  again:
  Call ${un}LetGo
FunctionEnd
!macroend
!insertmacro LetGo ""
!insertmacro LetGo "un."

Section "bursar" Main
  SectionIn RO
  SetOutPath "$INSTDIR"
  Call LetGo
  RMDir /r "$INSTDIR\_internal"
  RMDir /r "$INSTDIR\licenses"
  File /r "${PAYLOAD}\*.*"
  WriteUninstaller "$INSTDIR\uninstall.exe"
  CreateShortcut "$SMPROGRAMS\bursar.lnk" "$INSTDIR\bursar-tray.exe" "" "$INSTDIR\bursar-tray.exe" 0
  ; A folder of the person's own that stands in every PATH; changing PATH itself could cut it off.
  CreateDirectory "$LOCALAPPDATA\Microsoft\WindowsApps"
  FileOpen $0 "$LOCALAPPDATA\Microsoft\WindowsApps\bursar.cmd" w
  FileWrite $0 '@"$INSTDIR\bursar.exe" %*$\r$\n'
  FileClose $0
  WriteRegStr HKCU "${KEY}" "DisplayName" "bursar"
  WriteRegStr HKCU "${KEY}" "DisplayVersion" "${VERSION}"
  WriteRegStr HKCU "${KEY}" "Publisher" "The bursar authors"
  WriteRegStr HKCU "${KEY}" "DisplayIcon" "$INSTDIR\bursar-tray.exe"
  WriteRegStr HKCU "${KEY}" "InstallLocation" "$INSTDIR"
  WriteRegStr HKCU "${KEY}" "UninstallString" '"$INSTDIR\uninstall.exe"'
  WriteRegStr HKCU "${KEY}" "QuietUninstallString" '"$INSTDIR\uninstall.exe" /S'
  WriteRegDWORD HKCU "${KEY}" "NoModify" 1
  WriteRegDWORD HKCU "${KEY}" "NoRepair" 1
  ${GetSize} "$INSTDIR" "/S=0K" $0 $1 $2
  WriteRegDWORD HKCU "${KEY}" "EstimatedSize" $0
SectionEnd

; As `bursar startup on` writes it; off unless chosen.
Section /o "Start when I log in" Login
  WriteRegStr HKCU "${RUN}" "${NAME}" '"$INSTDIR\bursar-tray.exe" serve --background'
  DeleteRegValue HKCU "${APPROVED}" "${NAME}"
SectionEnd

Function .onInit
  ${GetParameters} $0
  ${GetOptions} $0 "/LOGIN=" $1
  ${If} $1 == "1"
    SectionGetFlags ${Login} $2
    IntOp $2 $2 | ${SF_SELECTED}
    SectionSetFlags ${Login} $2
  ${EndIf}
FunctionEnd

LangString ABOUT_MAIN ${LANG_ENGLISH} "The proxy, the tray and the bursar command."
LangString ABOUT_LOGIN ${LANG_ENGLISH} "Starts bursar with Windows; it can be changed later in its menu."
!insertmacro MUI_FUNCTION_DESCRIPTION_BEGIN
  !insertmacro MUI_DESCRIPTION_TEXT ${Main} $(ABOUT_MAIN)
  !insertmacro MUI_DESCRIPTION_TEXT ${Login} $(ABOUT_LOGIN)
!insertmacro MUI_FUNCTION_DESCRIPTION_END

Section "un.bursar" UnMain
  SectionIn RO
  ; Agents whose settings lead here must not be left with a dead address.
  nsExec::Exec /TIMEOUT=30000 '"$INSTDIR\bursar.exe" disconnect --yes'
  Pop $0
  Call un.LetGo
  Delete "$SMPROGRAMS\bursar.lnk"
  Delete "$LOCALAPPDATA\Microsoft\WindowsApps\bursar.cmd"
  DeleteRegValue HKCU "${RUN}" "${NAME}"
  DeleteRegValue HKCU "${APPROVED}" "${NAME}"
  DeleteRegKey HKCU "${KEY}"
  RMDir /r "$INSTDIR\_internal"
  RMDir /r "$INSTDIR\licenses"
  Delete "$INSTDIR\bursar.exe"
  Delete "$INSTDIR\bursar-tray.exe"
  Delete "$INSTDIR\uninstall.exe"
  RMDir "$INSTDIR"
SectionEnd

Section /o "un.Settings, ledger and reports" UnData
  RMDir /r "$LOCALAPPDATA\bursar"
SectionEnd

Function un.onInit
  ${GetParameters} $0
  ${GetOptions} $0 "/DATA=" $1
  ${If} $1 == "1"
    SectionGetFlags ${UnData} $2
    IntOp $2 $2 | ${SF_SELECTED}
    SectionSetFlags ${UnData} $2
  ${EndIf}
FunctionEnd
